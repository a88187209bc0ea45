"""Where the cache is."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import NoReturn

import pytest

from edge.cache_folder import cache_folder
from edge.errors import OutputError


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"ODDLINE_CACHE_DIR": "/data/cache", "XDG_CACHE_HOME": "/x", "HOME": "/home/user"}, "/data/cache"),
        ({"ODDLINE_CACHE_DIR": "here", "HOME": "/home/user"}, "here"),
        ({"ODDLINE_CACHE_DIR": "", "XDG_CACHE_HOME": "/x", "HOME": "/home/user"}, "/x/oddline"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/home/user"}, "/home/user/.cache/oddline"),
        ({"HOME": "/home/user"}, "/home/user/.cache/oddline"),
    ],
)
def test_the_first_that_is_set_counts(environment: dict, expected: str) -> None:
    assert cache_folder(environment) == Path(expected)


def test_without_any_variable_it_is_in_the_home_of_the_user() -> None:
    home = pwd.getpwuid(os.getuid()).pw_dir
    assert cache_folder({}) == Path(home) / ".cache" / "oddline"


def test_a_user_without_a_home_is_told_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(number: int) -> NoReturn:
        raise KeyError(number)

    monkeypatch.setattr("pwd.getpwuid", nobody)
    with pytest.raises(OutputError, match="HOME is not set") as caught:
        cache_folder({"HOME": ""})
    assert caught.value.mend == "set ODDLINE_CACHE_DIR to a folder that can be written to"
    assert cache_folder({"ODDLINE_CACHE_DIR": "/data"}) == Path("/data")
