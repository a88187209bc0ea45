"""One run of `score` over several sources: nothing that can be scored is lost when one of them is damaged."""

from __future__ import annotations

from typing import BinaryIO, Callable, Optional, Protocol, Sequence

from edge.errors import InputError
from edge.files.paths import Source
from edge.runtime.detector import Detector
from edge.runtime.pipeline import FormatChoice, Totals, make_records, score_source
from edge.sinks.output import Output
from edge.sinks.render import Renderer


class ShowsProgress(Protocol):
    """Something that is told how far the run is."""

    def update(self, lines: int, done_bytes: int) -> None:
        """`lines` and `done_bytes` so far."""

    def close(self) -> None:
        """The run is over."""


class ScoreRun:
    """Scores sources one after the other; `totals` and `failed` tell how it went."""

    def __init__(
        self,
        detector: Detector,
        choice: FormatChoice,
        renderer: Renderer,
        *,
        everything: bool,
        max_line_bytes: int,
        say: Callable[[str], None],
        complain: Callable[[str], None],
        progress: ShowsProgress,
    ) -> None:
        self.totals = Totals()
        self.failed = False
        self.progress = progress
        self._detector = detector
        self._choice = choice
        self._renderer = renderer
        self._everything = everything
        self._max_line_bytes = max_line_bytes
        self._say = say
        self._complain = complain

    def all(self, sources: Sequence[Source], out: Output, stdin: Optional[BinaryIO] = None) -> None:
        """Score every source; one that cannot be read to its end is complained of, and the next one follows."""
        header = self._renderer.header()
        if header:
            out.write(header)
        for source in sources:
            self.totals.sources += 1
            try:
                self._one(source, out, stdin)
            except InputError as error:
                self.progress.close()
                self._complain(f"error: {error}")
                self.failed = True

    def _one(self, source: Source, out: Output, stdin: Optional[BinaryIO]) -> None:
        blocks = score_source(
            source, self._detector, self._choice, say=self._say, max_line_bytes=self._max_line_bytes, stdin=stdin
        )
        before = self.totals.bytes
        lines = found = 0
        for block in blocks:
            records = make_records(block, self._detector, everything=self._everything)
            if records:
                out.write(self._renderer.render(records))
                out.flush()
            self.totals.add(block)
            found += len(block.scores)
            if block.lines is not None:
                lines += len(block.lines.lines)
                self.totals.bytes = before + int(block.lines.offsets[-1]) + len(block.lines.lines[-1])
            self.progress.update(self.totals.lines, self.totals.bytes)
        if not lines:
            self._say(f"{source.name}: holds no lines")
        elif not found:
            self._say(f"{source.name}: holds no records, only lines that are none, such as a header or blank ones")

    @property
    def fits(self) -> bool:
        """Whether half of the records or more are in the format that they were read in."""
        return 2 * self.totals.unparsed <= self.totals.records

    def summary(self, seconds: float) -> str:
        """The closing line of the run."""
        totals = self.totals
        files = "1 source" if totals.sources == 1 else f"{totals.sources:,} sources"
        share = f" ({totals.anomalous / totals.records:.3%})" if totals.records else ""
        lines = "1 line" if totals.lines == 1 else f"{totals.lines:,} lines"
        parts = [f"{lines} from {files}"]
        if totals.records != totals.lines:
            parts.append("1 record" if totals.records == 1 else f"{totals.records:,} records")
        parts.append(f"{totals.anomalous:,} anomalous{share}")
        if totals.unscored:
            parts.append(f"{totals.unscored:,} that could not be scored")
        if totals.unparsed:
            parts.append(f"{totals.unparsed:,} not in the format and scored as plain text")
        if totals.cut:
            parts.append(f"{totals.cut:,} longer than {self._max_line_bytes:,} bytes and cut")
        if self._detector.cut:
            parts.append(f"{self._detector.cut:,} distinct and very long, of which only the beginning was looked at")
        parts.append(f"{seconds:.2f} s, {totals.lines / max(seconds, 1e-9):,.0f} lines/s")
        return ", ".join(parts)
