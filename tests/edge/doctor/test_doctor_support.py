from __future__ import annotations

from typing import Optional

import pytest

from edge.bundle.caps import TARGETS
from edge.doctor.board import Board, jetpack_of
from edge.doctor.support import judge, target_of


def board(l4t: Optional[str]) -> Board:
    return Board(model=None, l4t=l4t, jetpack=jetpack_of(l4t))


@pytest.mark.parametrize(
    ("l4t", "target", "why", "mend"),
    [
        ("32.7.1", "xavier-jp5", "L4T R32.7.1 (JetPack 4.6.1) is too old", "flash JetPack 5.1.2 or later"),
        ("34.1.1", "xavier-jp5", "L4T R34.1.1 (JetPack 5.0.1 DP) has TensorRT 8.4", "update to JetPack 5.1.2"),
        ("35.1.0", "xavier-jp5", "L4T R35.1.0 (JetPack 5.0.2) has TensorRT 8.4", "update to JetPack 5.1.2"),
        ("36.4.3", "xavier-jp5", "L4T R36.4.3 (JetPack 6.2) is not JetPack 5", "--target orin-jp6"),
        ("38.2.0", "xavier-jp5", "L4T R38.2.0 (JetPack 7.0) is not JetPack 5", "--target orin-jp6"),
        ("35.4.1", "orin-jp6", "is older than JetPack 6", "--target xavier-jp5"),
        ("38.4.0", "orin-jp6", "is newer than JetPack 6", "--target cpu"),
        ("32.7.1", None, "is too old", "flash JetPack 5.1.2 or later"),
    ],
)
def test_boards_that_are_refused_with_reason_and_mend(l4t: str, target: Optional[str], why: str, mend: str) -> None:
    found = judge(board(l4t), "2.31", target)
    assert not found.supported
    assert why in found.why
    assert mend in (found.mend or "")


@pytest.mark.parametrize(
    ("l4t", "target", "judged_for"),
    [
        ("35.4.1", "xavier-jp5", "xavier-jp5"),
        ("35.2.1", None, "xavier-jp5"),
        ("35.6.4", None, "xavier-jp5"),
        ("36.4.3", None, "orin-jp6"),
        ("36.5.0", "orin-jp6", "orin-jp6"),
        ("38.4.0", None, "cpu"),
        ("32.7.1", "cpu", "cpu"),
        (None, None, "cpu"),
        (None, "cpu", "cpu"),
        (None, "xavier-jp5", "xavier-jp5"),
    ],
)
def test_machines_that_are_supported(l4t: Optional[str], target: Optional[str], judged_for: str) -> None:
    found = judge(board(l4t), "2.31", target)
    assert (found.supported, found.target, found.mend) == (True, judged_for, None)


@pytest.mark.parametrize(("glibc", "why"), [("2.27", "glibc 2.27 is older than 2.28"), (None, "is not glibc")])
def test_c_libraries_that_no_wheel_is_made_for(glibc: Optional[str], why: str) -> None:
    found = judge(board(None), glibc)
    assert not found.supported
    assert why in found.why
    assert "Ubuntu 20.04" in (found.mend or "")
    assert judge(board(None), "2.28").supported


def test_a_board_is_judged_for_a_target_that_exists() -> None:
    assert {target_of(board(l4t)) for l4t in (None, "32.1", "35.4.1", "36.2", "38.2", "99.1")} <= set(TARGETS)
