from __future__ import annotations

import sys
from dataclasses import fields, replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from small_bundle import WEIGHTS

from edge.bundle.folder import load_bundle
from edge.doctor.probe import Probe, bundle_probe, tiny_probe
from edge.doctor.providers import ProviderCheck
from edge.doctor.trial import Order, order_of, probe_of, try_apart

STDERR = "libcudnn_cnn_infer.so.8: cannot open shared object file: No such file or directory"


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Put a package in the place of onnxruntime, for processes that are started from now on."""
    (folder / "onnxruntime").mkdir(parents=True)
    (folder / "onnxruntime" / "__init__.py").write_text(code, encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])


def test_the_cpu_computes_in_a_process_of_its_own(small_bundle: Path) -> None:
    probe = bundle_probe(load_bundle(small_bundle))
    assert probe.expected.tolist() == [WEIGHTS[10]]
    for one in (tiny_probe(), probe):
        check = try_apart("cpu", one)
        assert (check.works, check.why, check.missing) == (True, None, [])
        assert (check.load_seconds or 0) > 0


def test_the_process_is_given_the_whole_probe(small_bundle: Path) -> None:
    probe = replace(bundle_probe(load_bundle(small_bundle)), precision="int8", batch_sizes=[1, 16])
    order = order_of("tensorrt", probe)
    again = probe_of(msgspec.msgpack.decode(msgspec.msgpack.encode(order), type=Order))
    for field in fields(Probe):
        np.testing.assert_equal(getattr(again, field.name), getattr(probe, field.name))


def test_a_provider_that_is_not_in_the_build() -> None:
    check = try_apart("no-such-provider", tiny_probe())
    assert not check.works
    assert check.why == "provider 'no-such-provider' is unknown"


def test_a_library_that_ends_the_process_ends_no_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, f"import os\nos.write(2, b'Could not load it. Error: {STDERR}\\n')\nos.abort()\n")
    check = try_apart("cuda", tiny_probe())
    assert not check.works
    assert (check.why or "").startswith("the process that tried it was ended by SIGABRT (Could not load it.")
    assert [one.name for one in check.missing] == ["libcudnn_cnn_infer.so.8"]


def test_a_process_that_never_answers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, "import time\ntime.sleep(60)\n")
    assert try_apart("cuda", tiny_probe(), 1.0) == ProviderCheck(
        "cuda", False, "it did not answer within 1 s", None, None
    )


def test_a_process_that_gives_up_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, "import os\nos._exit(7)\n")
    assert try_apart("cuda", tiny_probe()).why == "the process that tried it ended with status 7"


def test_what_is_written_to_the_output_and_stderr_stays_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    code = (
        "import os\nprint('EP Error')\nos.write(1, b'noise\\n')\n"
        f"os.write(2, b'Failed to load library x.so with error: {STDERR}\\n')\n"
        "raise ImportError('no')\n"
    )
    stand_in(tmp_path, monkeypatch, code)
    check = try_apart("cuda", tiny_probe())
    assert check.why == "onnxruntime cannot be imported (no)"
    assert [one.name for one in check.missing] == ["libcudnn_cnn_infer.so.8"]
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_nothing_is_imported_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "msgspec.py").write_text("raise SystemExit('taken from the wrong place')")
    path = [str(Path(part).resolve()) for part in sys.path if part]
    monkeypatch.setattr(sys, "path", path)
    monkeypatch.chdir(tmp_path)
    assert try_apart("cpu", tiny_probe()).works
