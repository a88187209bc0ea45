"""Where the cache is."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.cache_folder import cache_folder
from edge.errors import OutputError


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"ODDLINE_CACHE_DIR": "/data/cache", "XDG_CACHE_HOME": "/x", "HOME": "/root"}, "/data/cache"),
        ({"ODDLINE_CACHE_DIR": "here", "HOME": "/root"}, "here"),
        ({"ODDLINE_CACHE_DIR": "", "XDG_CACHE_HOME": "/x", "HOME": "/root"}, "/x/oddline"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/root"}, "/root/.cache/oddline"),
        ({"HOME": "/root"}, "/root/.cache/oddline"),
    ],
)
def test_the_first_that_is_set_counts(environment: dict, expected: str) -> None:
    assert cache_folder(environment) == Path(expected)


def test_without_any_variable_it_is_in_the_home_of_the_user() -> None:
    assert cache_folder({}) == Path.home() / ".cache" / "oddline"


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")  # what pathlib raises

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(OutputError, match=r"there is no home folder .*; set ODDLINE_CACHE_DIR to a folder"):
        cache_folder({})
