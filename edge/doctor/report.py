"""The doctor's report: what was found, what is wrong, and what mends it."""

from __future__ import annotations

from typing import List, Optional, Tuple

import msgspec

from edge.doctor.machine import Machine, machine_rows
from edge.doctor.packages import package_problem
from edge.doctor.providers import ProviderCheck

SCHEMA_VERSION = 1


class Report(msgspec.Struct, frozen=True):
    """`runtime_error` says why onnxruntime cannot be used at all; `unused` are providers that oddline does not use."""

    schema_version: int
    machine: Machine
    probe: str
    runtime_error: Optional[str]
    providers: List[ProviderCheck]
    unused: List[str]
    problems: List[str]

    @property
    def works(self) -> bool:
        """Whether anything can be scored on this machine."""
        return any(check.works for check in self.providers)


def make_report(
    machine: Machine,
    probe: str,
    providers: List[ProviderCheck],
    *,
    unused: List[str],
    runtime_error: Optional[str] = None,
) -> Report:
    """The report with its problems found."""
    problems = [package_problem(machine.packages), _gpu_problem(machine, providers)]
    problems += [
        f"this onnxruntime was built with {check.name}, which does not work: {check.why}; mend: install what is "
        "missing, or score with --provider cpu"
        for check in providers
        if not check.works and check.name != "cpu"
    ]
    return Report(
        schema_version=SCHEMA_VERSION,
        machine=machine,
        probe=probe,
        runtime_error=runtime_error,
        providers=providers,
        unused=unused,
        problems=[problem for problem in problems if problem is not None],
    )


def report_sections(report: Report) -> List[Tuple[str, List[Tuple[str, ...]]]]:
    """Headed tables for people."""
    sections: List[Tuple[str, List[Tuple[str, ...]]]] = [("machine", list(machine_rows(report.machine)))]
    checks: List[Tuple[str, ...]] = [_check_row(check) for check in report.providers]
    checks += [(name, "not used by oddline") for name in report.unused]
    if report.runtime_error is not None:
        checks.append(("none", report.runtime_error))
    sections.append((f"providers, each tried with {report.probe}", checks))
    sections.append(("problems", [(problem,) for problem in report.problems] or [("none found",)]))
    return sections


def _check_row(check: ProviderCheck) -> Tuple[str, ...]:
    if not check.works:
        return (check.name, f"does not work: {check.why}")
    times = (
        f"loaded in {1e3 * (check.load_seconds or 0):.1f} ms, first inference {1e3 * (check.run_seconds or 0):.2f} ms"
    )
    return (check.name, f"works, {times}")


def _gpu_problem(machine: Machine, providers: List[ProviderCheck]) -> Optional[str]:
    """A Jetson whose onnxruntime was built without its GPU; that works, many times slower than it could."""
    if machine.board.l4t is None or not providers or any(check.name != "cpu" for check in providers):
        return None
    release = f"JetPack {machine.board.jetpack}" if machine.board.jetpack else f"L4T {machine.board.l4t}"
    return f"this onnxruntime was built without CUDA and TensorRT; mend: install NVIDIA's onnxruntime-gpu for {release}"
