"""Whether a machine is one that a target was made for, and why not.

Source: NVIDIA's JetPack archive for what each release brings. JetPack 4 (L4T R32) has Python 3.6, CUDA 10.2 and at
best TensorRT 8.2; JetPack 5.0 (R34, R35.1) has TensorRT 8.4; JetPack 5.1 (R35.2.1 and later) has CUDA 11.4, cuDNN 8.6
and TensorRT 8.5.2; JetPack 6 (R36) has CUDA 12 and TensorRT 8.6 or 10, and does not run on Xavier.
"""

from __future__ import annotations

from typing import Optional, Tuple

import msgspec

from edge.doctor.board import Board

_LOWEST_GLIBC = (2, 28)


class Support(msgspec.Struct, frozen=True):
    """`target` is what was judged for; `why` says it in words, `mend` what to do where it is not supported."""

    target: str
    supported: bool
    why: str
    mend: Optional[str]


def judge(board: Board, glibc: Optional[str], target: Optional[str] = None) -> Support:
    """Whether the machine is one for the target; without a target, for the one that its board is made for.

    `glibc` is like ``2.31``, None for another C library.
    """
    refused = _judge_library(glibc, target or target_of(board))
    if refused is not None:
        return refused
    chosen = target or target_of(board)
    if board.l4t is None:
        if chosen == "cpu":
            return Support(chosen, True, "an ordinary Linux machine", None)
        return Support(chosen, True, "no Jetson; the model runs here too, on whatever provider works", None)
    return {"xavier-jp5": _xavier, "orin-jp6": _orin}.get(chosen, _any_board)(board, chosen)


def target_of(board: Board) -> str:
    """The target that a machine's bundles are best exported for."""
    if board.l4t is None:
        return "cpu"
    major = _numbers(board.l4t)[0]
    return "xavier-jp5" if major <= 35 else "orin-jp6" if major == 36 else "cpu"


def _xavier(board: Board, target: str) -> Support:
    release = _numbers(board.l4t)
    if release[0] < 34:
        why = f"{_name(board)} is too old: its Python, CUDA and TensorRT (8.2 at best) are not those of JetPack 5"
        return Support(target, False, why, "flash JetPack 5.1.2 or later (L4T R35.4.1), which runs on every Xavier")
    if release < (35, 2):
        why = f"{_name(board)} has TensorRT 8.4, and JetPack 5.1 has 8.5, which NVIDIA's onnxruntime-gpu needs"
        return Support(
            target, False, why, "update to JetPack 5.1.2 or later (L4T R35.4.1): sudo apt dist-upgrade, or flash"
        )
    if release[0] > 35:
        why = f"{_name(board)} is not JetPack 5: its CUDA and TensorRT are others"
        return Support(
            target, False, why, "export the bundle for this board: oddline export RUN -o BUNDLE --target orin-jp6"
        )
    return Support(target, True, f"{_name(board)}, CUDA 11.4 and TensorRT 8.5", None)


def _orin(board: Board, target: str) -> Support:
    major = _numbers(board.l4t)[0]
    if major < 36:
        why = f"{_name(board)} is older than JetPack 6: its TensorRT does not read the opset of this target"
        return Support(target, False, why, "export the bundle with --target xavier-jp5, or flash JetPack 6 on an Orin")
    if major > 36:
        why = f"{_name(board)} is newer than JetPack 6, which is what this target was made for"
        return Support(target, False, why, "export the bundle with --target cpu, or flash JetPack 6 on an Orin")
    return Support(target, True, _name(board), None)


def _any_board(board: Board, target: str) -> Support:
    return Support(target, True, f"{_name(board)}; a bundle for it runs on the CPU of any board", None)


def _judge_library(glibc: Optional[str], target: str) -> Optional[Support]:
    if glibc is None:
        why = "the C library is not glibc, and onnxruntime's wheels need it"
        return Support(
            target, False, why, "use a distribution with glibc 2.28 or later, such as Debian 10 or Ubuntu 20.04"
        )
    if _numbers(glibc) < _LOWEST_GLIBC:
        why = f"glibc {glibc} is older than 2.28, which onnxruntime's wheels need"
        return Support(target, False, why, "use Ubuntu 20.04, Debian 10 or later; on a Jetson, JetPack 5")
    return None


def _name(board: Board) -> str:
    return f"L4T R{board.l4t}" + (f" (JetPack {board.jetpack})" if board.jetpack else "")


def _numbers(version: Optional[str]) -> Tuple[int, ...]:
    return tuple(int(part) for part in (version or "0").split(".") if part.isdigit()) or (0,)
