"""The whole way on a real log: train, export, score with the device's detector."""

from __future__ import annotations

import gzip
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from workstation import relative_difference, run_oddline, train_and_export

from edge.bundle.folder import load_bundle
from edge.runtime.detector import Detector
from edge.runtime.verifying import content_of
from edge.text.clean import decode_block
from edge.text.masks import Masker
from export.dataset import read_log

LINES = 4000


def test_a_real_linux_log(tensorflow: None, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("export.tokens.fit.STEPS_PER_EPOCH", 60)
    with gzip.open(data_dir / "linux_messages_full" / "Linux.log.gz") as file:
        lines = [line.rstrip(b"\r\n") for line in islice(file, LINES)]
    log = tmp_path / "messages"
    log.write_bytes(b"\n".join(lines) + b"\n")
    done = train_and_export(log, tmp_path, "--epochs", 2, "--target-fpr", 0.01, "--alerts-per-day", 5)
    assert run_oddline("verify", done.bundle, "--provider", "cpu").status == 0

    from export.trained import load_scorer

    run, bundle = done.run, load_bundle(done.bundle)
    assert bundle.manifest.preprocessing.format.name == "syslog"
    assert bundle.manifest.training.records == LINES * 0.6
    assert bundle.manifest.parity.records == LINES * 0.4
    assert "at most 5 alerts a day" in bundle.manifest.threshold.method
    spec = bundle.manifest.preprocessing.format
    contents = [content_of(spec, [text]) for text in decode_block(lines)]
    detector = Detector(bundle, provider="cpu")
    scores = detector.score(contents)
    assert relative_difference(scores, load_scorer(run).score(contents)) <= 1e-5
    masked = Masker(bundle.manifest.preprocessing.masks).apply(contents)
    first = {text: number for number, text in reversed(list(enumerate(masked)))}
    assert (scores == scores[[first[text] for text in masked]]).all(), "equal masked lines score alike"
    known = np.array([text in run.training_inputs() for text in masked])
    assert scores[known].mean() < scores[~known].mean()
    held_out = read_log([str(log)], asked=None, layout=None, say=lambda _: None).part(2400, 3200)
    days = held_out.days()
    assert days is not None
    assert 0 < detector.verdicts(scores[2400:3200]).sum() <= 5 * days, "the budget is kept where it was set"
