"""How far each precision is from Keras, here and with the device's onnxruntime, on 10,000 inputs of a run or more.

    python benchmarks/parity.py RUN... --device-python .venv-device/bin/python --json OUT

For each run, target and precision: the model that `oddline export` would write, and its scores of the run's held-out
records and of altered copies of them. They are computed by this interpreter's onnxruntime and, with `--device-python`,
by that of another interpreter (Python 3.8 with onnxruntime 1.16.3, say), and compared with Keras's, and with those of
fp32. A precision that no layer bears is listed with its reason.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
import numpy as np

from edge.doctor.machine import Machine, read_machine
from edge.errors import ParityError
from edge.files.atomic import AtomicFile
from edge.runtime.session import import_onnxruntime
from export.modelling import Wanted, make_model
from export.parity.compare import compare
from export.parity.sample import Sample, take_sample
from export.run import CALIBRATION_NAME, TEST_NAME, Run, open_run
from export.trained import BATCH_ROWS, in_keras, keras_scorer, load_graph

SCHEMA_VERSION = 1
SETTINGS = (
    ("xavier-jp5", "fp32"), ("xavier-jp5", "fp16"), ("xavier-jp5", "int8"), ("cpu", "int8")
)  # fmt: skip
SCORE = """
import sys
import numpy as np
import onnxruntime
from edge.runtime.session import DEFAULT_BATCH_ROWS, Session
folder = sys.argv[1]
session = Session(open(folder + "/model.onnx", "rb").read(), provider="cpu")
with np.load(folder + "/inputs.npz") as kept:
    inputs = {name: kept[name] for name in kept.files}
rows = len(next(iter(inputs.values())))
parts = [
    session.run(["score"], {name: values[start : start + DEFAULT_BATCH_ROWS] for name, values in inputs.items()})[0]
    for start in range(0, rows, DEFAULT_BATCH_ROWS)
]
np.save(folder + "/rows.npy", np.concatenate(parts))
print(onnxruntime.__version__, sys.version.split()[0])
"""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison; `runtime` is the onnxruntime that computed, `why` says why there is no model."""

    run: str
    detector: str
    preset: str
    target: str
    precision: str
    runtime: str
    records: int
    altered: int
    model_bytes: int
    float32_layers: int
    largest: float | None
    median: float | None
    flipped_from_keras: int | None
    auroc_change: float | None
    why: str | None


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """All comparisons, and the machine that they were made on."""

    schema_version: int
    machine: Machine
    rows: list[Row]


def main() -> None:
    """Compare every run that is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--device-python", type=Path, help="an interpreter with the device's packages")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    rows = [row for folder in asked.runs for row in compared(open_run(folder), asked.device_python)]
    print(table(rows))
    if asked.json is not None:
        results = Results(schema_version=SCHEMA_VERSION, machine=read_machine(), rows=rows)
        with AtomicFile(asked.json) as file:
            file.write(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")


def compared(run: Run, device_python: Path | None) -> list[Row]:
    """Every target and precision of a run."""
    calibration = run.heldout(CALIBRATION_NAME)
    held_out = [*calibration, *run.heldout(TEST_NAME)]
    graph = load_graph(run)
    encoder = keras_scorer(graph, run.spec.preprocessing, run.read).encoder
    contents, kinds = [one.content for one in held_out], [one.kind for one in held_out]
    sample = take_sample(encoder, contents, kinds, len(calibration))
    reference = sample.score(in_keras(graph), batch_rows=BATCH_ROWS)
    here = f"onnxruntime {import_onnxruntime().__version__}, Python {sys.version.split()[0]}"
    rows = []
    for target, precision in SETTINGS:
        print(f"{run.folder}: {target} {precision}", file=sys.stderr)
        wanted = Wanted(target=target, precision=precision, max_flips=None, fold=True, name="graph", where=precision)
        try:
            model = make_model(graph, sample, reference, run.spec.threshold.value, wanted, lambda _: None)
        except ParityError as error:
            rows.append(_row(run, sample, wanted, runtime=here, why=error.what))
            continue
        facts = {"model_bytes": len(model.data), "float32_layers": len(model.conversion.float32_nodes)}
        found = {here: model.scores}
        if device_python is not None:
            runtime, scores = scores_on(device_python, model.data, sample)
            found[runtime] = scores
        for runtime, scores in found.items():
            step = compare(reference, scores, run.spec.threshold.value, sample).step("", "")
            rows.append(
                _row(
                    run,
                    sample,
                    wanted,
                    runtime=runtime,
                    largest=step.max_relative_difference,
                    median=step.median_relative_difference,
                    flipped_from_keras=step.flipped_verdicts,
                    auroc_change=step.auroc_change,
                    **facts,
                )
            )
    return rows


def scores_on(python: Path, model: bytes, sample: Sample) -> tuple[str, np.ndarray]:
    """Another interpreter's versions, and its scores of the sample."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "model.onnx").write_bytes(model)
        np.savez(folder / "inputs.npz", **sample.inputs)
        command = [str(python), "-c", SCORE, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        computed = np.load(folder / "rows.npy")
    at = iter([computed])
    versions = done.stdout.split()
    scores = sample.score(lambda *_: [next(at)], batch_rows=len(computed))
    return f"onnxruntime {versions[0]}, Python {versions[1]}", scores


def _row(run: Run, sample: Sample, wanted: Wanted, **values: object) -> Row:
    blank = dict.fromkeys(("largest", "median", "flipped_from_keras", "auroc_change", "why"))
    return Row(
        **{
            "run": run.folder.name,
            "detector": run.spec.detector,
            "preset": run.spec.preset,
            "target": wanted.target,
            "precision": wanted.precision,
            "records": sample.records,
            "altered": sample.altered,
            "model_bytes": 0,
            "float32_layers": 0,
            **blank,
            **values,
        }
    )


def table(rows: list[Row]) -> str:
    """The comparisons as a markdown table."""
    lines = [
        "| detector | target | precision | computed by | inputs | largest | median | verdicts flipped | AUROC | MB |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        name = f"`{row.detector}` {row.preset}"
        if row.largest is None or row.median is None or row.auroc_change is None:
            lines.append(f"| {name} | {row.target} | {row.precision} | {row.why} |||||||")
            continue
        left = f" ({row.float32_layers} layers fp32)" if row.float32_layers else ""
        lines.append(
            f"| {name} | {row.target} | {row.precision}{left} | {row.runtime} | {row.records + row.altered:,} "
            f"| {row.largest:.1e} | {row.median:.1e} | {row.flipped_from_keras} | {row.auroc_change:+.4f} "
            f"| {row.model_bytes / 1e6:.2f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
