"""How the lines of a sample are read: as `score` would read the log."""

from __future__ import annotations

from typing import Callable, List, Optional

from edge.bench.sample import Sample, holds_a_record
from edge.bundle.folder import Bundle
from edge.errors import InputError
from edge.files.paths import Source
from edge.formats import Reader
from edge.reading import sessions_of
from edge.runtime.pipeline import FormatChoice
from edge.sequence.reader import Sessions, lines_at_once
from edge.text.clean import decode_block


class Reading:
    """Makes readers; `at_once` are the lines that are read together."""

    def __init__(self, bundle: Bundle, sample: Sample, source: Source) -> None:
        sessions = sessions_of(bundle.manifest.preprocessing, bundle.read)
        self.at_once = lines_at_once(sessions)
        self.choose = _chooser(bundle, sample, source, sessions)
        self._sample = sample
        self._source = source
        self._head = decode_block(sample.lines[:1000])

    def new_reader(self) -> Reader:
        """A reader of the sample."""
        return self.choose(self._head)

    def check(self) -> None:
        """Refuse a sample without a record.

        Raises:
            InputError: it has none.
        """
        if not holds_a_record(self.new_reader(), self._sample.lines):
            raise InputError(
                f"there is no record in its {len(self._sample.lines):,} lines to measure with",
                where=self._source.name,
                mend="name a log that has some",
            )


def _chooser(
    bundle: Bundle, sample: Sample, source: Source, sessions: Optional[Sessions]
) -> Callable[[List[str]], Reader]:
    """Makes a reader as `score` would; golden lines are in the bundle's own format, whatever else they look like."""
    spec = bundle.manifest.preprocessing.format
    choice = FormatChoice(spec, sessions=sessions)
    if sample.golden:
        choice = FormatChoice(spec, spec.name, spec.layout, sessions=sessions)
    return lambda texts: choice.choose(source, texts, lambda _: None)
