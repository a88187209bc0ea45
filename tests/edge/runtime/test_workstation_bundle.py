"""A bundle that the workstation trained and exported scores with the device's packages as it did there.

The workstation's tests leave it where `make test-device` looks for it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest

from edge.bundle.folder import Bundle, load_bundle
from edge.bundle.golden import decode_golden
from edge.bundle.manifest import GOLDEN_NAME
from edge.runtime.detector import Detector
from edge.runtime.verifying import compare, content_of, replay


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    value = os.environ.get("ODDLINE_TEST_BUNDLE")
    if not value:
        pytest.skip("ODDLINE_TEST_BUNDLE is not set: the workstation's bundle was not scored")
    folder = Path(value)
    if not folder.is_dir():
        pytest.skip(f"ODDLINE_TEST_BUNDLE names no folder ({folder.name}): run make test-workstation to have it made")
    return load_bundle(folder)


@pytest.fixture(scope="module")
def detector(bundle: Bundle) -> Detector:
    return Detector(bundle, provider="cpu")


def test_golden_lines_are_as_promised(bundle: Bundle, detector: Detector) -> None:
    golden = decode_golden(bundle.read(GOLDEN_NAME))
    spec = bundle.manifest.preprocessing.format
    lines = [one.lines for one in golden]
    found = replay(detector.scorer, detector.threshold, lines, [content_of(spec, one) for one in lines])
    assert [one.inputs for one in found] == [one.inputs for one in golden]
    result = compare(found, golden, bundle.manifest.threshold.value, bundle.manifest.parity.tolerance, str(bundle.root))
    assert result.lines == len(golden) > 40
    assert 0 < result.anomalous < result.lines


def test_a_batch_scores_as_its_lines_do(bundle: Bundle, detector: Detector) -> None:
    golden = decode_golden(bundle.read(GOLDEN_NAME))
    contents = [one.content for one in golden]
    together = detector.score(contents)
    alone = np.concatenate([Detector(bundle, provider="cpu", batch_rows=1).score([text]) for text in contents[:10]])
    assert alone == pytest.approx(together[:10], rel=bundle.manifest.parity.tolerance, abs=1e-6)


def test_an_odd_line_has_reasons(bundle: Bundle, detector: Detector) -> None:
    golden = decode_golden(bundle.read(GOLDEN_NAME))
    odd = max(golden, key=lambda one: one.score or 0.0).content
    ((reasons, _),) = detector.explain([odd])
    assert reasons
    assert [odd[reason.start : reason.end] for reason in reasons] == [reason.text for reason in reasons]


def test_verify_says_so(bundle: Bundle, oddline: Callable[..., Any]) -> None:
    ended = oddline("verify", bundle.root, "--provider", "cpu")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.splitlines()[-1] == f"{bundle.root}: verified"
