"""Two reports side by side: what differs in their setups, and by how much their figures do."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from edge.bench.conditions import Energy, is_busy
from edge.bench.report import Report
from edge.bench.spread import Interval, ratio_of
from edge.bench.tables import Row, Section
from edge.errors import InputError

_Get = Callable[[Report], Any]

_LIBRARIES = "NVIDIA's libraries"
_MIXED = "what was used until the end"
# What makes figures of two reports no answer to one question. What oddline itself is at, is the question.
_FATAL: Tuple[Tuple[str, _Get], ...] = (
    ("model", lambda r: f"{r.bundle.name} ({r.bundle.model_sha256[:12]})"),
    ("CPU", lambda r: f"{r.machine.cpu}, {r.machine.cores} cores, {r.machine.usable_cores} usable"),
    ("board", lambda r: r.machine.board),
    ("GPU", lambda r: ", ".join(r.machine.gpus) or None),
    ("architecture", lambda r: r.machine.architecture),
    ("provider", lambda r: r.settings.provider),
    (_MIXED, lambda r: "; ".join(r.settings.changed) or "the same to the end"),
    ("threads", lambda r: r.settings.threads),
    ("batch size", lambda r: r.settings.batch_size),
    ("power mode", lambda r: r.before.power_mode),
    ("governor", lambda r: r.before.governor),
    ("locked clocks", lambda r: r.before.clocks_locked),
    ("input", lambda r: f"{', '.join(r.input.names)} ({r.input.sha256[:12]})"),
    ("format", lambda r: r.input.format),
    ("Python", lambda r: ".".join(r.machine.python.split(".")[:2])),
    ("onnxruntime", lambda r: _runtime(r)),
    ("L4T", lambda r: r.machine.l4t),
    (_LIBRARIES, lambda r: _libraries(r)),
)
_NOTED: Tuple[Tuple[str, _Get], ...] = (
    ("oddline", lambda r: r.machine.oddline),
    ("manifest", lambda r: r.bundle.manifest_sha256[:12]),
    ("Python's release", lambda r: r.machine.python),
    ("numpy", lambda r: r.machine.packages.get("numpy")),
    ("tokenizers", lambda r: r.machine.packages.get("tokenizers")),
    ("system", lambda r: r.machine.system),
    ("kernel", lambda r: r.machine.kernel),
    ("seconds", lambda r: r.settings.seconds),
    ("least queries", lambda r: r.settings.min_queries),
    ("busy before", lambda r: _busy(r)),
    ("slowed down", lambda r: "; ".join(sorted({*r.before.throttled, *r.after.throttled})) or None),
)
# How the input and the model are the same, whatever their names are.
_SAME: Dict[str, _Get] = {"model": lambda r: r.bundle.model_sha256, "input": lambda r: r.input.sha256}


class Unlike(NamedTuple):
    """Something in which two setups differ; where it is `fatal`, their figures must not be compared."""

    what: str
    first: str
    second: str
    fatal: bool


class Difference(NamedTuple):
    """One figure of both reports; `ratio` is second to first.

    `interval` is that of the ratio of the blocks, None where there are too few to tell the noise. `higher_is_better`
    tells which way is up.
    """

    scenario: str
    figure: str
    first: float
    second: float
    ratio: float
    interval: Optional[Interval]
    higher_is_better: bool

    @property
    def verdict(self) -> str:
        """Whether the difference is beyond the noise within both reports, and which way."""
        if self.interval is None:
            return "too few queries or passes to tell"
        if self.interval.low <= 1 <= self.interval.high:
            return "within the noise"
        better = (self.interval.value > 1) == self.higher_is_better
        return "better, beyond the noise" if better else "worse, beyond the noise"


def unlike(first: Report, second: Report) -> List[Unlike]:
    """In what the setups differ, the fatal ones first."""
    found = []
    for fields, fatal in ((_FATAL, True), (_NOTED, False)):
        for what, get in fields:
            same = _SAME.get(what, get)
            if what == _LIBRARIES and "cpu" in (first.settings.provider, second.settings.provider):
                continue
            mixed = what == _MIXED and (first.settings.changed or second.settings.changed)
            if mixed or same(first) != same(second):
                found.append(Unlike(what, _text(get(first)), _text(get(second)), fatal))
    return found


def refuse_unlike(first: Report, second: Report, where: str) -> None:
    """Refuse to compare figures of fatally unlike setups.

    Raises:
        InputError: they are; it names every difference.
    """
    found = unlike(first, second)
    fatal = [f"{one.what}: {one.first} and {one.second}" for one in found if one.fatal]
    if fatal:
        noted = [one.what for one in found if not one.fatal]
        also = f" (also different, and no obstacle: {', '.join(noted)})" if noted else ""
        raise InputError(
            f"what was measured differs in {'; '.join(fatal)}{also}",
            where=where,
            mend="measure both alike, or compare all the same with --force",
        )


def differences(first: Report, second: Report) -> List[Difference]:
    """Every figure that both reports have."""
    found: List[Difference] = []
    for name, old, new, figures in (
        ("single-stream", first.single_stream, second.single_stream, ("p50_ms", "p90_ms", "p99_ms", "p99_9_ms")),
        ("multi-stream", first.multi_stream, second.multi_stream, ("p50_ms", "p99_ms")),
    ):
        if old is not None and new is not None:
            for figure in figures:
                values = (getattr(old.latency, figure), getattr(new.latency, figure))
                found += _difference(name, figure, values, (old.blocks, new.blocks), higher_is_better=False)
    if first.offline is not None and second.offline is not None:
        found += _rates("offline", ("records_per_second",), first.offline, second.offline)
    if first.end_to_end is not None and second.end_to_end is not None:
        names = ("records_per_second", "megabytes_per_second")
        found += _rates("end-to-end", names, first.end_to_end, second.end_to_end)
    for name, attribute in (
        ("single-stream", "single_stream"),
        ("multi-stream", "multi_stream"),
        ("offline", "offline"),
        ("end-to-end", "end_to_end"),
    ):
        energies = [_per_1000(getattr(report, attribute)) for report in (first, second)]
        if None not in energies:
            values = (float(energies[0] or 0), float(energies[1] or 0))
            found += _difference(name, "joules_per_1000_records", values, ({}, {}), higher_is_better=False)
    return found


def _rates(name: str, figures: Sequence[str], old: Any, new: Any) -> List[Difference]:
    return [
        one
        for figure in figures
        for one in _difference(
            name, figure, (getattr(old, figure), getattr(new, figure)), (old.blocks, new.blocks), higher_is_better=True
        )
    ]


def _difference(
    scenario: str,
    figure: str,
    values: Tuple[float, float],
    blocks: Tuple[Dict[str, List[float]], Dict[str, List[float]]],
    *,
    higher_is_better: bool,
) -> List[Difference]:
    if values[0] <= 0:
        return []
    interval = ratio_of(blocks[0].get(figure, []), blocks[1].get(figure, []))
    return [Difference(scenario, figure, *values, values[1] / values[0], interval, higher_is_better)]


def _per_1000(result: Any) -> Optional[float]:
    energy: Optional[Energy] = None if result is None else result.energy
    return None if energy is None else energy.joules_per_1000_records


def _runtime(report: Report) -> str:
    packages = report.machine.packages
    return ", ".join(f"{name} {packages[name]}" for name in sorted(packages) if "onnx" in name and packages[name])


def _libraries(report: Report) -> str:
    return ", ".join(f"{kind} {version or 'unknown'}" for kind, version in sorted(report.machine.libraries.items()))


def _busy(report: Report) -> bool:
    return is_busy(report.before, report.machine.cores)


def _text(value: object) -> str:
    if value is None:
        return "unknown"
    return str(value) if not isinstance(value, bool) else "yes" if value else "no"


def comparison_sections(first: Report, second: Report) -> List[Section]:
    """The comparison as headed tables."""
    setups = unlike(first, second)
    sections: List[Section] = []
    if setups:
        head = ("", "first", "second", "")
        told: List[Row] = [(one.what, one.first, one.second, "fatal" if one.fatal else "noted") for one in setups]
        sections.append(("setups differ in", [head, *told], ()))
    rows: List[Row] = [("", "", "first", "second", "ratio", "99 % of blocks", "")]
    for one in differences(first, second):
        reach = "" if one.interval is None else f"{one.interval.low:.3f} to {one.interval.high:.3f}"
        rows.append(
            (
                one.scenario,
                one.figure,
                f"{one.first:,.4g}",
                f"{one.second:,.4g}",
                f"{one.ratio:.3f}",
                reach,
                one.verdict,
            )
        )
    if len(rows) == 1:
        rows = [("the reports have no scenario in common",)]
    sections.append(("figures, second to first", rows, (2, 3, 4, 5)))
    notes: List[Row] = [
        ("the noise is that between tenths of each measurement; two runs of one setup differ by more: repeat both",),
    ]
    if _busy(first) or _busy(second):
        notes.insert(0, ("the machine was busy: what is beyond the noise may be the doing of others; measure again",))
    if any(one.fatal for one in setups):
        notes.append(("unlike setups were compared because of --force: the ratios answer no question by themselves",))
    sections.append(("notes", notes, ()))
    return sections
