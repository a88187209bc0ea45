"""The doctor's report, for programs and for people."""

from __future__ import annotations

from typing import List, Optional, Tuple

import msgspec

from edge.device.gpu import Gpu
from edge.device.libraries import KINDS, Library
from edge.device.state import DeviceState
from edge.doctor.findings import Finding, Seen, count_problems, find_all
from edge.doctor.machine import Machine, machine_rows
from edge.doctor.memory import mebibytes
from edge.doctor.providers import ProviderCheck
from edge.doctor.storage import Storage
from edge.doctor.support import Support

SCHEMA_VERSION = 2
Rows = List[Tuple[str, ...]]


class Report(msgspec.Struct, frozen=True):
    """docs/doctor.md describes each field; `healthy` is false when a finding is a problem."""

    schema_version: int
    healthy: bool
    machine: Machine
    support: Support
    gpus: List[Gpu]
    libraries: List[Library]
    device: DeviceState
    storage: Storage
    probe: str
    built_for_cuda: Optional[str]
    runtime_error: Optional[str]
    providers: List[ProviderCheck]
    unused: List[str]
    findings: List[Finding]


def make_report(seen: Seen, *, probe: str, unused: List[str], built_for_cuda: Optional[str]) -> Report:
    """The report with its findings."""
    findings = find_all(seen)
    return Report(
        schema_version=SCHEMA_VERSION,
        healthy=not count_problems(findings),
        machine=seen.machine,
        support=seen.support,
        gpus=seen.gpus,
        libraries=seen.libraries,
        device=seen.device,
        storage=seen.storage,
        probe=probe,
        built_for_cuda=built_for_cuda,
        runtime_error=seen.runtime_error,
        providers=seen.providers,
        unused=unused,
        findings=findings,
    )


def report_sections(report: Report) -> List[Tuple[str, Rows]]:
    """Headed tables for people."""
    return [
        ("machine", [*machine_rows(report.machine), *_support_rows(report.support)]),
        ("GPU and libraries", _gpu_rows(report)),
        ("state", [*_power_rows(report), *_state_rows(report.device, report.storage)]),
        (f"providers, each tried with {report.probe}", _provider_rows(report)),
        ("findings", _finding_rows(report.findings)),
    ]


def _support_rows(support: Support) -> Rows:
    answer = f"yes, for {support.target}" if support.supported else f"NOT for {support.target}"
    return [("supported", f"{answer}: {support.why}")]


def _gpu_rows(report: Report) -> Rows:
    rows: Rows = [("GPU", str(gpu)) for gpu in report.gpus] or [("GPU", "no NVIDIA GPU found")]
    if report.built_for_cuda is not None:
        rows.append(("onnxruntime", f"built for CUDA {report.built_for_cuda}"))
    for kind in KINDS:
        found = [library for library in report.libraries if library.kind == kind]
        rows += [(kind, _library(library)) for library in found] or [(kind, "not found")]
    return rows


def _library(library: Library) -> str:
    unseen = "" if library.searched else " (found by its folder)"
    return f"{library.version or 'unknown version'}, {library.path}{unseen}"


def _power_rows(report: Report) -> Rows:
    if report.device.power_mode is not None:
        return [("power mode", str(report.device.power_mode))]
    jetson = report.machine.board.l4t is not None
    return [("power mode", "unknown, nvpmodel does not answer" if jetson else "none, this is no Jetson")]


def _state_rows(device: DeviceState, storage: Storage) -> Rows:
    rows: Rows = [("clocks", _clocks(device))]
    if device.clocks_locked is not None:
        rows.append(("jetson_clocks", "in force, clocks are held" if device.clocks_locked else "not in force"))
    if device.governor is not None:
        rows.append(("governor", device.governor))
    degrees = [f"{name} {value:.1f} °C" for name, value in device.temperatures.items()]
    rows.append(("temperatures", ", ".join(degrees) or "unknown"))
    rows.append(("throttling", "; ".join(device.throttled) or "none seen"))
    if device.over_current_events:
        counts = [f"{name} {count}" for name, count in device.over_current_events.items()]
        rows.append(("over-current", f"times since the start: {', '.join(counts)}"))
    rows.append(("memory", f"{mebibytes(device.memory_available)} available"))
    rows.append(("disk", f"{mebibytes(storage.root_free)} free on /"))
    can = "can be written" if storage.why_not is None else f"cannot be written: {storage.why_not}"
    rows.append(("cache", f"{storage.cache or 'unknown'}, {can}, {mebibytes(storage.cache_free)} free"))
    return rows


def _clocks(device: DeviceState) -> str:
    """Cores that run at the same clock are told as one."""
    groups: List[Tuple[List[str], str]] = []
    for name, hertz in device.clocks.items():
        value = "off" if hertz is None else f"{hertz / 1e6:,.0f} MHz"
        if groups and groups[-1][1] == value and name.startswith("cpu"):
            groups[-1][0].append(name)
        else:
            groups.append(([name], value))
    told = [f"{names[0] if len(names) == 1 else f'{names[0]} to {names[-1]}'} {value}" for names, value in groups]
    return ", ".join(told) or "unknown"


def _provider_rows(report: Report) -> Rows:
    rows: Rows = [(check.name, _outcome(check)) for check in report.providers]
    rows += [(name, "not used by oddline") for name in report.unused]
    if report.runtime_error is not None:
        rows.append(("none", report.runtime_error))
    return rows


def _outcome(check: ProviderCheck) -> str:
    if not check.works:
        missing = f"; missing: {', '.join(one.name for one in check.missing)}" if check.missing else ""
        return f"does not work: {check.why}{missing}"
    times = (
        f"loaded in {1e3 * (check.load_seconds or 0):.1f} ms, first inference {1e3 * (check.run_seconds or 0):.2f} ms"
    )
    return f"works, {times}"


def _finding_rows(findings: List[Finding]) -> Rows:
    rows: Rows = []
    for finding in findings:
        rows += [(finding.level, finding.what), ("", f"mend: {finding.mend}")]
    return rows or [("none",)]
