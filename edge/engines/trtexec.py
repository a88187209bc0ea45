"""NVIDIA's trtexec: builds an engine without ONNX Runtime, and measures it.

Options and output: "trtexec" in NVIDIA's TensorRT Developer Guide (8.5.2 and 10), and recorded runs (see the tests).
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Callable, List, NamedTuple, Optional, Sequence, Tuple

from edge.engines.options import WORKSPACE_BYTES
from edge.engines.profile import Profile
from edge.errors import ProviderError

_MOST_OUTPUT = 4 << 20
_SHOWN_ERRORS = 5
_LINE = re.compile(r"^\[[\d/:-]+\] \[([EWIV])\] (.*)$", re.MULTILINE)
_NUMBER = r"([\d.]+(?:e[+-]?\d+)?)"
_BUILT = re.compile(rf"^Engine built in {_NUMBER} sec")
_LATENCY = re.compile(rf"^Latency: .*?\bmedian = {_NUMBER} ms")
_THROUGHPUT = re.compile(rf"^Throughput: {_NUMBER} qps")
# At the end of each failure, and of no use to find it.
_FOLLOWING = (
    "Engine could not be created",
    "Building engine failed",
    "Failed to create engine",
    "Engine set up failed",
)
_PRECISION = {"fp32": "--noTF32", "fp16": "--fp16", "int8": "--int8"}

Execute = Callable[[Sequence[str]], Tuple[int, str]]
"""Runs a command; gives its status and the end of what it wrote."""


class Report(NamedTuple):
    """What trtexec said: whether it passed, its errors, and what it measured (None where it did not say).

    `build_seconds` is how long the build took; `latency_ms` the median of one query of the largest batch, with copies
    to and from the GPU; `queries` how many of them it did in a second.
    """

    passed: bool
    errors: List[str]
    build_seconds: Optional[float]
    latency_ms: Optional[float]
    queries: Optional[float]


def parse(output: str) -> Report:
    """Read what trtexec wrote."""
    said = _LINE.findall(output)
    errors = list(dict.fromkeys(_without_source(text) for kind, text in said if kind == "E" and text.strip()))
    telling = [text for text in errors if not text.startswith(_FOLLOWING)]
    told = [text for kind, text in said if kind == "I"]
    return Report(
        passed="&&&& PASSED TensorRT.trtexec" in output,
        errors=(telling or errors)[:_SHOWN_ERRORS],
        build_seconds=_first(_BUILT, told),
        latency_ms=_first(_LATENCY, told),
        queries=_first(_THROUGHPUT, told),
    )


def command_line(
    trtexec: Path, *, model: Path, engine: Path, timings: Path, precision: str, profile: Profile, device: int
) -> List[str]:
    """The command that builds `engine` of `model`, reads and writes `timings`, and measures for a second.

    float32 is exact: from Ampere on, TensorRT would otherwise multiply with 10 bits of mantissa.
    """
    return [
        str(trtexec),
        f"--onnx={model}",
        f"--saveEngine={engine}",
        f"--minShapes={profile.smallest}",
        f"--optShapes={profile.tuned}",
        f"--maxShapes={profile.largest}",
        f"--timingCacheFile={timings}",
        f"--memPoolSize=workspace:{WORKSPACE_BYTES >> 20}",
        _PRECISION[precision],
        f"--device={device}",
        "--duration=1",
    ]


def run(command: Sequence[str], engine: Path, execute: Optional[Execute] = None) -> Report:
    """Run trtexec; `engine` is the file that it is to write.

    Raises:
        ProviderError: it is not there, failed, or wrote no engine; with its own words.
    """
    try:
        status, output = (execute or _execute)(command)
    except OSError as error:
        raise ProviderError(
            f"trtexec cannot be run ({error.strerror})",
            where=command[0],
            mend="install it (on a Jetson: sudo apt install libnvinfer-bin), or give its place with --trtexec",
        ) from error
    report = parse(output)
    if status == 0 and report.passed and engine.is_file() and engine.stat().st_size:
        return report
    why = "; ".join(report.errors) or " ".join(output.split())[-200:] or "it wrote nothing"
    raise ProviderError(
        f"trtexec failed with status {status} ({why})",
        where=command[0],
        mend="use --via onnxruntime, which leaves to CUDA what TensorRT cannot do",
    )


def _execute(command: Sequence[str]) -> Tuple[int, str]:
    """The status and the last mebibytes of both outputs; the process does not outlive this one's interruption."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: S603 - no shell; the user named the program
            list(command), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            status = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        size = output.seek(0, 2)
        output.seek(max(size - _MOST_OUTPUT, 0))
        return status, output.read().decode("utf-8", "replace")


def _without_source(text: str) -> str:
    """The message without the place in TensorRT's own sources: ``Error[2]: [x.cpp::f::9] Error Code 2: ...``."""
    return re.sub(r"\[\w+\.\w+::\w+::\d+\] ", "", text.strip())


def _first(pattern: re.Pattern, texts: Sequence[str]) -> Optional[float]:  # type: ignore[type-arg]
    for text in texts:
        match = pattern.match(text)
        if match:
            return float(match[1])
    return None
