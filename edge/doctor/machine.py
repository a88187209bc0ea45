"""The whole machine, as benchmarks state it and the doctor shows it."""

from __future__ import annotations

from typing import Dict, List, Optional, Tuple

import msgspec

from edge import __version__
from edge.device.files import HERE, Read
from edge.device.packages import Lookup, installed_version
from edge.doctor.board import Board, read_board
from edge.doctor.memory import Memory, mebibytes, read_memory
from edge.doctor.packages import package_versions
from edge.doctor.processor import Processor, read_processor
from edge.doctor.system import System, read_system


class Machine(msgspec.Struct, frozen=True):
    """What the numbers of this machine depend on; `packages` are versions by name, None for one that is missing."""

    oddline: str
    system: System
    board: Board
    processor: Processor
    memory: Memory
    packages: Dict[str, Optional[str]]


def read_machine(read: Read = HERE.read, lookup: Lookup = installed_version) -> Machine:
    """This machine, now."""
    return Machine(
        oddline=__version__,
        system=read_system(read),
        board=read_board(read),
        processor=read_processor(read),
        memory=read_memory(read),
        packages=package_versions(lookup),
    )


def machine_rows(machine: Machine) -> List[Tuple[str, str]]:
    """The machine as rows of a table for people; a board is shown only where there is one."""
    system, board, memory = machine.system, machine.board, machine.memory
    rows = [
        ("oddline", machine.oddline),
        ("Python", system.python),
        *[(name, version or "not installed") for name, version in machine.packages.items()],
        ("system", f"{system.os}, kernel {system.kernel}, {system.architecture}"),
        ("glibc", system.glibc or "none, another C library"),
    ]
    if board.model is not None:
        rows.append(("board", board.model))
    if board.l4t is not None:
        jetpack = f" (JetPack {board.jetpack})" if board.jetpack else ""
        rows.append(("L4T", f"{board.l4t}{jetpack}"))
    processor = machine.processor
    usable = "" if processor.usable == processor.cores else f", {processor.usable} of them usable"
    rows.append(("CPU", f"{processor.model}, {processor.cores} cores{usable}"))
    rows.append(("memory", f"{mebibytes(memory.total)}, {mebibytes(memory.available)} available"))
    rows.append(("resident", f"{mebibytes(memory.resident)} in this process"))
    return rows
