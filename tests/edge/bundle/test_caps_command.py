"""`python -m edge.bundle.caps`: what a target takes, and all that it refuses of a model."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import onnx_writer as w
import pytest

from edge.bundle.caps.__main__ import USAGE, main


def test_as_a_module() -> None:
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-m", "edge.bundle.caps", "xavier-jp5"]
    done = subprocess.run(command, cwd=str(root), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("xavier-jp5: opset up to 17, IR version up to 8\n")


def test_a_target(capsys: pytest.CaptureFixture) -> None:
    assert main(["xavier-jp5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "inputs and outputs: float32, int32; in between: bool, float16, float32, int32, int64, int8" in lines
    assert any(line.startswith("Loop: refused; trace the model") for line in lines)
    assert any("docs/operators.md" in line and "release/8.5-GA (Apache-2.0)" in line for line in lines)
    assert "  IsInf: not there" in lines
    assert "  TopK: float32, float16; constant_input: 1 k" in lines
    assert "  ReverseSequence: float32, float16; no dynamic axis" in lines
    assert main(["cpu"]) == 0
    assert "com.microsoft.DynamicQuantizeLSTM: taken" in capsys.readouterr().out.splitlines()


def test_a_model(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    good, bad = tmp_path / "good.onnx", tmp_path / "bad.onnx"
    good.write_bytes(w.model(w.scoring_graph()))
    bad.write_bytes(w.model(w.scoring_graph([w.node("IsInf", name="a\x1b"), w.node("Unique", name="b")])))
    assert main(["xavier-jp5", str(good)]) == 0
    assert capsys.readouterr().out == ""
    assert main(["xavier-jp5", str(bad)]) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first == (
        "node 'a\\x1b' uses IsInf, which TensorRT 8.5 of xavier-jp5 does not have; write the model with other operators"
    )
    assert second.startswith("node 'b' uses Unique")


def test_misuse(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main([]) == main(["a", "b", "c"]) == 2
    assert capsys.readouterr().err.splitlines() == [USAGE] * 2
    assert main(["nano"]) == 1
    assert "no target is named 'nano'" in capsys.readouterr().err
    assert main(["cpu", str(tmp_path / "none.onnx")]) == 1
    assert "cannot be read (No such file or directory); give the path of a model" in capsys.readouterr().err
    (tmp_path / "text").write_text("no model")
    assert main(["cpu", str(tmp_path / "text")]) == 1
    assert "not an ONNX model" in capsys.readouterr().err
