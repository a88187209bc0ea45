"""The preset `seed` is the published notebook; its network is in test_line_networks.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, List

import numpy as np
import pytest
from workstation import Ended

from edge.bundle.preprocessing import FormatSpec, TokenEncoderSpec
from export.line.fit import fit_seed
from export.line.models import build_model
from export.line.presets import SEED


def test_what_the_notebook_says() -> None:
    assert SEED.masks == ()
    assert SEED.encoder == TokenEncoderSpec(
        length=32, fill="tile", pad_id=0, max_segments=1, continuation_id=None, begin_id=None, end_id=None
    )
    assert (SEED.vocabulary, SEED.fixed_table, SEED.splits_punctuation) == (30_000, True, False)
    assert (SEED.epochs, SEED.batch, SEED.skip_characters) == (50, 32, 16)
    spec = SEED.preprocessing(
        FormatSpec(name="syslog", layout=None, fields=None, header=None, skip_characters=0)
    ).format
    assert spec == FormatSpec(name="plain", layout=None, fields=None, header=None, skip_characters=16), (
        "whole lines, whatever their format"
    )


def test_the_training_regresses_the_ids_with_adamax(tensorflow: None, monkeypatch: pytest.MonkeyPatch) -> None:
    model = build_model("seed", vocabulary=100, length=32)
    seen: Dict[str, Any] = {}
    real = model.fit

    def fit(x: np.ndarray, y: np.ndarray, **options: Any) -> Any:
        seen.update(x=x, y=y, **options)
        return real(x, y, **options)

    monkeypatch.setattr(model, "fit", fit)
    ids = np.random.default_rng(0).integers(0, 100, (40, 32)).astype(np.int32)
    losses: List[float] = []
    fit_seed(model, ids, epochs=2, batch=32, seed=0, progress=lambda epoch, epochs, loss: losses.append(loss))
    assert (type(model.optimizer).__name__, model.loss) == ("Adamax", "mse")
    assert (seen["epochs"], seen["batch_size"], len(losses)) == (2, 32, 2)
    assert (seen["x"] == ids).all()
    assert (seen["y"] == ids).all()


def test_a_vocabulary_over_the_network_s_is_refused(oddline: Callable[..., Ended], tmp_path: Path) -> None:
    ended = oddline(
        "train", "line", tmp_path / "log", "-o", tmp_path / "run", "--preset", "seed", "--vocabulary", "40000"
    )
    assert ended.status == 1
    assert "a vocabulary of 40,000 is more than the network of the preset seed has" in ended.err
    assert "give --vocabulary 30000 or less" in ended.err
