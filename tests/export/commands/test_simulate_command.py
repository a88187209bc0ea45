"""The command `oddline simulate` on its command line; what it writes is tested beside its parts."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest
from workstation import Ended


def test_it_names_the_files_that_it_wrote(oddline: Callable[..., Ended], tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    ended = oddline("simulate", "line", "-o", f"{folder}/", "--days", 1, "--lines-per-day", 200, "--seed", 4)
    assert (ended.status, ended.err) == (0, "")
    for name in ("syslog.log", "labels.jsonl", "train.log", "normal.log", "anomalous.log"):
        assert (folder / name).is_file()
        assert f"{folder / name}" in ended.out
    assert ended.out.splitlines()[-1] == f"next: oddline train line {folder / 'train.log'} -o runs/demo"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["flows"], "'flows' is not one of line, "),
        (["line", "--days", "0"], "Invalid value for '--days'"),
        (["line", "--lines-per-day", "199"], "Invalid value for '--lines-per-day'"),
    ],
)
def test_usage_errors(oddline: Callable[..., Ended], tmp_path: Path, arguments: list[str], words: str) -> None:
    ended = oddline("simulate", *arguments, "-o", tmp_path / "logs")
    assert ended.status == 2
    assert words in " ".join(ended.err.split())
    assert list(tmp_path.iterdir()) == []
