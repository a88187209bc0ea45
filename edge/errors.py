"""Every error that oddline raises on purpose.

OddlineError                   base; carries what, where, mend and the process's exit status
├── InputError                 a log that cannot be read as asked (missing, unreadable, binary, damaged)
│   └── TooLittleDataError     not enough records to train, calibrate or evaluate on
├── FormatError                a log layout or mask that cannot be compiled, or a format that does not exist
├── BundleError                a bundle that must not be used
│   ├── IntegrityError         a file is missing, changed, linked, or outside of the folder
│   ├── SchemaError            the manifest is damaged, or of another schema version
│   ├── CapsError              the model exceeds what the target can run
│   └── ParityError            scores differ from the ones that the bundle promises
├── ProviderError              an execution provider, or onnxruntime itself, is not there or does not work
├── TrainingError              a training that went astray (its loss is no finite number)
├── OutputError                a result cannot be written (disk full, no permission)
└── MissingExtraError          a workstation command without the packages that it needs
"""

from __future__ import annotations

from typing import Optional


class OddlineError(Exception):
    """What went wrong, where, and what mends it, as one line.

    `str(error)` is ``where: what; mend``, without the parts that are not given, and with control characters
    escaped, so that it can be printed to a terminal whatever a file's name or content holds.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: Optional[str] = None, mend: Optional[str] = None) -> None:
        self.what = what
        self.where = where
        self.mend = mend
        super().__init__(what)

    def __str__(self) -> str:
        line = self.what if self.where is None else f"{self.where}: {self.what}"
        if self.mend is not None:
            line = f"{line}; {self.mend}"
        return escape_control(line)


class InputError(OddlineError):
    """A log cannot be read as asked."""


class TooLittleDataError(InputError):
    """There are not enough records for what was asked."""


class FormatError(OddlineError):
    """A log layout, mask or format name is wrong."""


class BundleError(OddlineError):
    """A bundle must not be used."""


class IntegrityError(BundleError):
    """A file of the bundle is missing, changed, linked, or outside of the folder."""


class SchemaError(BundleError):
    """The manifest is damaged, or written by another schema version."""


class CapsError(BundleError):
    """The model exceeds what the target can run."""


class ParityError(BundleError):
    """Scores differ from the ones that the bundle promises."""


class ProviderError(OddlineError):
    """An execution provider, or onnxruntime itself, is missing or does not work.

    `kind` is that of the fault (see `edge.runtime.faults`), and `said` the message that it was told by, in the words
    of who raised it; both are empty where there is none.
    """

    def __init__(
        self, what: str, *, where: Optional[str] = None, mend: Optional[str] = None, kind: str = "", said: str = ""
    ) -> None:
        self.kind = kind
        self.said = said
        super().__init__(what, where=where, mend=mend)


class TrainingError(OddlineError):
    """A training went astray."""


class OutputError(OddlineError):
    """A result cannot be written."""


class MissingExtraError(OddlineError):
    """A workstation command was called without the packages that it needs."""


def escape_control(text: str) -> str:
    r"""The text with every character that could steer a terminal written as its escape (``\x1b``, ``\u2028``)."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "backslashreplace").decode("ascii")
        for character in text
    )
