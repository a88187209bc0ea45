"""A run's own held-out test slice, as something to evaluate on."""

from __future__ import annotations

from dataclasses import dataclass

from edge.errors import FormatError, InputError, OddlineError
from edge.files.paths import Source
from edge.runtime.verifying import content_of
from export.dataset import LogData
from export.evaluate.reading import Reading, Say
from export.evaluate.samples import Samples
from export.run import TEST_NAME, Example, Run

# Whose records are lines that say when they were written, whatever stands before them.
_TIMED_FORMATS = ("syslog", "rfc5424", "journald", "layout", "access")


@dataclass(frozen=True)
class HeldOut:
    """The records that a run kept for tests; `own` is how its detector reads."""

    examples: list[Example]
    own: Reading
    name: str
    origin: str = "held-out"

    @classmethod
    def of(cls, run: Run, own: Reading) -> HeldOut:
        """The test slice of a run.

        Raises:
            InputError: it is empty.
            IntegrityError: the file is missing or damaged.
        """
        examples = run.heldout(TEST_NAME)
        if not examples:
            raise InputError(
                "the run kept no records for tests",
                where=str(run.folder),
                mend="give --normal and --anomalous, or --labelled",
            )
        return cls(examples, own, f"test slice of {run.folder}")

    def samples(self, reading: Reading, say: Say) -> Samples:  # noqa: ARG002  (there is nothing to say)
        """The records as a detector reads them.

        Raises:
            InputError: another detector than the run's own cannot read them.
        """
        if reading.key == self.own.key:
            contents = [example.content for example in self.examples]
        else:
            contents = [self._read(example, reading) for example in self.examples]
        return Samples(
            contents,
            [example.raw for example in self.examples],
            [example.kind for example in self.examples],
            [f"{self.name}, record {number}" for number in range(1, len(self.examples) + 1)],
            self._days(),
        )

    @property
    def by_column(self) -> bool:
        """No: the run kept their kinds."""
        return False

    def parts(self) -> list[tuple[str, int]]:
        """One, with its records."""
        return [(self.name, len(self.examples))]

    def _read(self, example: Example, reading: Reading) -> str:
        try:
            return content_of(reading.preprocessing.format, example.lines, reading.sessions)
        except (InputError, FormatError) as error:
            raise InputError(
                f"another detector cannot read these records ({error.what})",
                where=self.name,
                mend="compare on files: give --normal and --anomalous, or --labelled",
            ) from error

    def _days(self) -> float | None:
        spec = self.own.preprocessing.format
        if spec.name not in _TIMED_FORMATS or self.own.sessions is not None:
            return None
        texts = [example.lines[0] for example in self.examples]
        try:
            records = self.own.read(Source(None, self.name), texts, lambda _: None).records
        except OddlineError:
            return None
        return LogData(spec, stamps=[records.timestamp(place) for place in range(len(records.texts))]).days()
