"""How much memory and time `oddline score` takes for a log that is larger than the memory it may use.

    python benchmarks/large_log.py --bundle BUNDLE --log LOG --json OUT

LOG (plain or .gz) is repeated until the wanted size is reached. One line in a hundred gets a word of its own, so that
new inputs keep coming, as they do in a log that is really that long: without them, everything would be answered from
the memory of recent lines after the first copy.

Printed and written are the lines, the bytes, the seconds and the peak resident set of the process that scores, start
and model included. The exit status is 1 when the peak is over the limit.
"""

from __future__ import annotations

import argparse
import hashlib
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import msgspec

from edge import __version__
from edge.errors import OddlineError
from edge.files.atomic import AtomicFile
from edge.files.lines import read_blocks
from edge.files.paths import expand_paths

SCHEMA_VERSION = 1
UNIQUE_EVERY = 100


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured; `peak_bytes` is the peak resident set of the scoring process."""

    schema_version: int
    environment: dict[str, str]
    log: str
    lines: int
    bytes: int
    seconds: float
    lines_per_second: float
    peak_bytes: int
    limit_bytes: int
    summary: str


def main() -> int:
    """Run the benchmark; the exit status."""
    parser = argparse.ArgumentParser(description="Memory and time of oddline score on a large log.")
    parser.add_argument("--bundle", type=Path, required=True, metavar="DIR")
    parser.add_argument("--log", type=Path, required=True, metavar="FILE", help="log to repeat")
    parser.add_argument("--bytes", type=float, default=1e9, help="size of the large log (default 1e9)")
    parser.add_argument("--limit", type=float, default=300e6, help="most resident bytes (default 300e6)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures here")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="oddline-large-") as folder:
            large = Path(folder) / "large.log"
            lines = write_large(options.log, large, int(options.bytes))
            result = measure(options.bundle, options.log, large, lines, int(options.limit))
    except OddlineError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(f"{result.lines:,} lines, {result.bytes / 1e6:,.0f} MB in {result.seconds:.0f} s")
    print(f"{result.lines_per_second:,.0f} lines/s, peak {result.peak_bytes / 1e6:.0f} MB resident")
    if options.json is not None:
        with AtomicFile(options.json) as file:
            file.write(msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")
    return 0 if result.peak_bytes <= result.limit_bytes else 1


def write_large(log: Path, large: Path, size: int) -> int:
    """Write the large log; how many lines it has."""
    lines = [
        line for source in expand_paths([str(log)], warn=print) for block in read_blocks(source) for line in block.lines
    ]
    count = written = 0
    with large.open("wb") as file:
        while written < size:
            for block in _numbered(lines, count):
                written += file.write(block)
                if written >= size:
                    break
            count += len(lines)
    with large.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


def _numbered(lines: list[bytes], start: int) -> Iterator[bytes]:
    """One copy of the log in blocks, every hundredth line with a word that no other line has."""
    for first in range(0, len(lines), UNIQUE_EVERY):
        block = lines[first : first + UNIQUE_EVERY]
        word = (
            hashlib.sha256(str(start + first).encode()).hexdigest().translate(str.maketrans("0123456789", "ghijklmnop"))
        )
        yield block[0] + b" " + word[:12].encode() + b"\n" + b"".join(line + b"\n" for line in block[1:])


def measure(bundle: Path, log: Path, large: Path, lines: int, limit: int) -> Result:
    """Score the large log in a process of its own."""
    program = [sys.executable, "-c", "from edge.cli import main; main()"]
    command = [*program, "score", str(bundle), str(large), "--output", f"{large}.jsonl"]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - started
    versions = {name: metadata.version(name) for name in ("numpy", "tokenizers", "onnxruntime")}
    return Result(
        schema_version=SCHEMA_VERSION,
        environment={
            "oddline": __version__,
            "python": platform.python_version(),
            "machine": platform.machine(),
            **versions,
        },
        log=log.name,
        lines=lines,
        bytes=large.stat().st_size,
        seconds=seconds,
        lines_per_second=lines / seconds,
        # Linux gives kibibytes; the scoring process is the only child.
        peak_bytes=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
        limit_bytes=limit,
        summary=done.stderr.strip().splitlines()[-1],
    )


if __name__ == "__main__":
    sys.exit(main())
