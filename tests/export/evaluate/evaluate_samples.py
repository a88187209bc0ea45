"""Small logs, a run without a network, and scorers whose scores a test decides."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Sequence

import msgspec
import numpy as np

from edge.bundle.manifest import TOKENIZER_NAME, Calibration, Threshold, Training
from edge.bundle.preprocessing import FormatSpec, Mask, Preprocessing, TokenEncoderSpec
from edge.encoders import make_encoder
from edge.reason import Reason
from export.dataset import LogData
from export.labels import NORMAL
from export.run import RUN_SCHEMA_VERSION, Run, RunSpec, open_run, write_run
from export.tokens.bpe import train_tokenizer

SYSLOG = FormatSpec(name="syslog", layout=None, fields=None, header=None, skip_characters=0)
PREPROCESSING = Preprocessing(
    format=SYSLOG,
    sessions=None,
    masks=[Mask(name="number", pattern=r"\d+", token="<num>")],
    encoder=TokenEncoderSpec(
        length=16, fill="pad", pad_id=0, max_segments=2, continuation_id=None, begin_id=None, end_id=None
    ),
)
WHOLE_LINES = Preprocessing(
    format=FormatSpec(name="plain", layout=None, fields=None, header=None, skip_characters=16),
    sessions=None,
    masks=[],
    encoder=TokenEncoderSpec(
        length=16, fill="tile", pad_id=0, max_segments=1, continuation_id=None, begin_id=None, end_id=None
    ),
)


def normal_line(number: int) -> str:
    message = ("cron[{0}]: job {0} done", "sshd[{0}]: session opened for user alice", "kernel: eth0 link up")[
        number % 3
    ]
    return f"Mar  {1 + number % 9} 04:{number % 60:02d}:00 box {message.format(number)}"


def normal_lines(count: int, start: int = 0) -> list[str]:
    return [normal_line(number) for number in range(start, start + count)]


def odd_lines(count: int) -> list[str]:
    return [f"Mar  9 05:00:{number % 60:02d} box sudo: mallory ran rootkit-{number}" for number in range(count)]


def write_log(path: Path, lines: Sequence[str]) -> str:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(path)


def log_data(lines: Sequence[str]) -> LogData:
    count = len(lines)
    contents = [line.split("box ", 1)[-1] for line in lines]
    return LogData(SYSLOG, list(lines), contents, [None] * count, [NORMAL] * count)


def make_run(folder: Path, *, preprocessing: Preprocessing = PREPROCESSING, target_fpr: float | None = 0.01) -> Run:
    """A run that learnt from 300 normal lines; its network has no weights, and tests put scores in its place."""
    texts = ["cron[<num>]: job <num> done", "sshd[<num>]: session opened for user alice", "kernel: eth<num> link up"]
    training = Counter(dict.fromkeys(texts, 100))
    tokenizer = train_tokenizer(training, vocabulary=160, punctuation=True, special=["<num>"], alphabet=True)
    spec = RunSpec(
        schema_version=RUN_SCHEMA_VERSION,
        detector="line",
        preset="default",
        network={"vocabulary": 160},
        preprocessing=preprocessing,
        threshold=Threshold(
            value=0.5,
            method="test",
            target_fpr=target_fpr,
            alerts_per_day=None if target_fpr else 3.0,
            records=200,
            expected_fpr=0.02,
        ),
        parts=[],
        calibration=Calibration(records=1, scores=[0.1], at_least=[1]),
        training=Training(
            fingerprint="0" * 64,
            records=300,
            distinct_inputs=3,
            calibration_records=200,
            test_records=0,
            seed=0,
            parameters={},
        ),
        history={},
    )
    folder.mkdir(parents=True)
    write_run(
        folder,
        spec,
        weights=[],
        files={TOKENIZER_NAME: tokenizer},
        training=training,
        calibration=log_data(normal_lines(200)),
        test=log_data([]),
    )
    return open_run(folder)


def labelled_run(
    folder: Path,
    preprocessing: Preprocessing,
    kinds: dict[tuple[str, str], int],
    *,
    calibration: Sequence[str] = (),
    test: Sequence[tuple[str, str]] = (),
) -> Run:
    """A run with these inputs and kinds, whose held-out records are their contents; `test` are contents and kinds."""
    made = make_run(folder)
    learnt: Counter[str] = Counter()
    for (key, _), records in kinds.items():
        learnt[key] += records
    heldout = LogData(
        SYSLOG, list(calibration), list(calibration), [None] * len(calibration), [NORMAL] * len(calibration)
    )
    lines = [content for content, _ in test]
    tests = LogData(SYSLOG, lines, lines, [None] * len(test), [kind for _, kind in test])
    write_run(
        folder,
        msgspec.structs.replace(made.spec, preprocessing=preprocessing, history={"loss": [2.0, 1.0]}),
        weights=[],
        files={},
        training=learnt,
        calibration=heldout,
        test=tests,
        training_kinds=kinds,
    )
    return open_run(folder)


class FakeReason:
    """What an explanation of one content is to a run's scorer."""

    def __init__(self, content: str) -> None:
        self.reasons = [Reason(content.split(" ")[0], 0, 1, 1.0)]


@dataclass
class FakeScorer:
    """Scores each content with a function of it, and remembers what it was shown."""

    rule: Callable[[str], float]
    name: str = "fake"
    preprocessing: Preprocessing = PREPROCESSING
    threshold: float = 0.5

    def __post_init__(self) -> None:
        self.shown: list[str] = []

    def score(self, contents: Sequence[str], /) -> np.ndarray:
        self.shown += contents
        return np.array([self.rule(content) for content in contents], np.float32)

    def faults(self, contents: Sequence[str]) -> list[str]:
        encoded = make_encoder(self.preprocessing, lambda _: b"").encode(contents)
        return [encoded.faults.get(place, "") for place in range(len(contents))]

    def explain(self, contents: Sequence[str], parts: Sequence[str]) -> list[FakeReason]:
        return [FakeReason(content) for content in contents]


def finds_sudo(content: str) -> float:
    return 0.9 if "sudo" in content else 0.1
