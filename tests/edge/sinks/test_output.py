"""Where records go, and what is left when that fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

from edge.errors import InputError, OutputError
from edge.sinks.output import Interrupted, open_output

REPOSITORY = Path(__file__).resolve().parents[3]
LINE = b"a record\n"

# Writes records until it is told to stop; the arguments are the path (or nothing, for the standard output) and how
# many records to write before it interrupts itself (0: never).
WRITER = """
import os, signal, sys
from pathlib import Path
from edge.errors import OddlineError
from edge.sinks.output import Interrupted, open_output
say = lambda message: print(message, file=sys.stderr)
path = Path(sys.argv[1]) if sys.argv[1] else None
try:
    with open_output(path, say=say) as out:
        for number in range(1, 100_001):
            out.write(b"a record\\n")
            if number == int(sys.argv[2]):
                os.kill(os.getpid(), signal.SIGINT)
except Interrupted:
    sys.exit(130)
except OddlineError as error:
    print(error, file=sys.stderr)
    sys.exit(1)
"""


def names(folder: Path) -> List[str]:
    return sorted(entry.name for entry in folder.iterdir())


def shell(command: str, *arguments: object) -> subprocess.CompletedProcess:
    """Run a shell command in which $WRITER is the script above."""
    environment = {**os.environ, "WRITER": WRITER, "PYTHON": sys.executable}
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}", "bash", *map(str, arguments)],
        cwd=str(REPOSITORY),
        env=environment,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_a_file_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "out"
    said: List[str] = []
    with open_output(target, say=said.append) as out:
        out.write(LINE)
        out.flush()
        assert not target.exists()
        out.write(LINE)
    assert target.read_bytes() == LINE * 2
    assert names(tmp_path) == ["out"]
    assert said == []


def test_the_standard_output_gets_it_at_once(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with open_output(None, say=lambda _: None) as out:
        out.write(LINE)
        out.flush()
        assert capfdbinary.readouterr().out == LINE
        out.write(LINE)
    assert capfdbinary.readouterr().out == LINE


@pytest.mark.parametrize("error", [InputError("damaged"), OutputError("the disk is full"), OSError(5, "disk")])
def test_an_error_leaves_nothing_under_the_name(tmp_path: Path, error: Exception) -> None:
    (tmp_path / "out").write_bytes(b"old")

    def write() -> None:
        with open_output(tmp_path / "out", say=lambda _: None) as out:
            out.write(LINE)
            out.flush()
            raise error

    with pytest.raises(type(error)) as caught:
        write()
    assert caught.value is error
    assert names(tmp_path) == ["out"]
    assert (tmp_path / "out").read_bytes() == b"old"


def test_a_place_that_cannot_be_written_is_told_before_anything_is_done(tmp_path: Path) -> None:
    begun: List[bool] = []
    with pytest.raises(OutputError, match="the target folder does not exist"), open_output(
        tmp_path / "none" / "out", say=lambda _: None
    ):
        begun.append(True)
    assert begun == []


def test_ctrl_c_keeps_what_was_found(tmp_path: Path) -> None:
    said: List[str] = []

    def write() -> None:
        with open_output(tmp_path / "out", say=said.append) as out:
            out.write(LINE)
            os.kill(os.getpid(), signal.SIGINT)
            signal.pause()

    with pytest.raises(Interrupted):
        write()
    assert names(tmp_path) == ["out.partial"]
    assert (tmp_path / "out.partial").read_bytes() == LINE
    assert said == [f"interrupted; what was found so far is in {tmp_path / 'out.partial'}"]


def test_ctrl_c_while_writing_to_a_device(tmp_path: Path) -> None:
    said: List[str] = []
    with pytest.raises(Interrupted), open_output(Path("/dev/null"), say=said.append):
        raise KeyboardInterrupt
    assert said == ["interrupted; nothing was written"]


def test_ctrl_c_on_the_standard_output_gives_all_that_was_found() -> None:
    done = shell('"$PYTHON" -c "$WRITER" "" 7')
    assert (done.returncode, done.stdout, done.stderr) == (130, LINE * 7, b"")


@pytest.mark.parametrize("path", ["", "/dev/stdout"])
def test_a_reader_that_has_enough_ends_it_quietly(path: str) -> None:
    done = shell('"$PYTHON" -c "$WRITER" "$1" 0 | head -n 1', path)
    assert (done.returncode, done.stdout, done.stderr) == (0, LINE, b"")


@pytest.mark.parametrize(("path", "where"), [("", "standard output"), ("/dev/stdout", "/dev/stdout")])
def test_a_full_disk_behind_the_standard_output(path: str, where: str) -> None:
    done = shell('"$PYTHON" -c "$WRITER" "$1" 0 > /dev/full', path)
    message = f"{where}: the disk is full; free some space, or write to another disk\n"
    assert (done.returncode, done.stderr.decode()) == (1, message)


def test_a_full_disk_behind_a_file(tmp_path: Path) -> None:
    done = shell('ulimit -f 10; "$PYTHON" -c "$WRITER" "$1" 0', tmp_path / "out")
    message = f"{tmp_path / 'out'}: the file would be larger than the limit; raise the limit with `ulimit -f`\n"
    assert (done.returncode, done.stderr.decode()) == (1, message)
    assert names(tmp_path) == []


def test_a_closed_standard_output_is_an_error() -> None:
    done = shell('"$PYTHON" -c "$WRITER" "" 0 >&-')
    assert (done.returncode, done.stderr) == (1, b"standard output: it is closed; write to a file: --output FILE\n")
