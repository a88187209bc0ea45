"""The model of a bundle: converted, folded, brought to its precision, and proven to be the trained one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.bundle.manifest import Conversion, Parity, ParityStep
from edge.bundle.onnx_reader import ModelFacts
from edge.errors import ParityError
from edge.runtime.scorer import RunGraph
from edge.runtime.session import DEFAULT_BATCH_ROWS, Session
from edge.runtime.verifying import relative_differences
from export.graph.canonical import canonicalise
from export.graph.convert import Finished, convert, finish, fold
from export.parity.compare import Comparison, compare, prove
from export.parity.limits import Limits, limits_for, tolerance_of
from export.parity.sample import Sample
from export.precision.choice import choose_layers
from export.precision.lower import emulated, find_layers, lower

# What engines are built for: one record, a few of a stream, and three sizes for whole files.
BATCH_SIZES = (1, 8, 32, 128, 512)
KERAS = "Keras, float32"
_FEW_ROWS = 1024
_CALIBRATION_ROWS = 2048


@dataclass(frozen=True)
class Wanted:
    """What the model is to be: for which target, in which precision, and within which limits.

    `max_flips` raises the share of verdicts that may flip, None leaves it; `fold` says whether embeddings are folded
    into convolutions; `name` is the graph's, `where` the bundle's name in errors.
    """

    target: str
    precision: str
    max_flips: float | None
    fold: bool
    name: str
    where: str

    @property
    def limits(self) -> Limits:
        """Those of its precision."""
        return limits_for(self.precision, self.max_flips)


@dataclass(frozen=True)
class Model:
    """A proven model: serialized, what was read from it, and what the manifest says of how it was made and proven.

    `run` runs it, and `exact` the same graph in float32; `comparison` is the last of the proof, and `scores`, float32,
    are those of the sample in it.
    """

    data: bytes
    facts: ModelFacts
    conversion: Conversion
    parity: Parity
    run: RunGraph
    exact: RunGraph
    scores: np.ndarray
    comparison: Comparison


@dataclass(frozen=True)
class _Judge:
    """Compares scores of the sample with a reference."""

    sample: Sample
    threshold: float
    reference: np.ndarray

    def __call__(self, scores: np.ndarray) -> Comparison:
        return compare(self.reference, scores, self.threshold, self.sample)


def make_model(
    graph: Any, sample: Sample, reference: np.ndarray, threshold: float, wanted: Wanted, say: Callable[[str], None]
) -> Model:
    """The model of a `tf.function`, whose own scores of the sample are `reference`, float32.

    Raises:
        CapsError: the target cannot run it.
        ParityError: its scores are not those of the function, or those of its precision too far from float32's.
    """
    say(f"converting to ONNX for {wanted.target}")
    model = convert(graph, target=wanted.target)
    folded = fold(model) if wanted.fold else []
    canonicalise(model.graph)
    plain = finish(_copy(model), target=wanted.target, name=wanted.name)
    say(f"comparing Keras with ONNX Runtime on {sample.records:,} held-out records, {sample.altered:,} altered copies")
    exact = run = _run_of(plain.data)
    scores = sample.score(run, batch_rows=DEFAULT_BATCH_ROWS)
    comparison = _Judge(sample, threshold, reference)(scores)
    limits = limits_for("fp32", wanted.max_flips if wanted.precision == "fp32" else None)
    raising = "raise the limit with --max-flips, or " if comparison.only_flips(limits) else ""
    prove(
        comparison,
        limits,
        sample=sample,
        what="the exported model differs from the trained one",
        where=wanted.where,
        mend=f"{raising}report this with the versions of tensorflow, tf2onnx and onnxruntime",
    )
    steps = [comparison.step(KERAS, _runtime("fp32"))]
    finished = plain
    float32_nodes: list[str] = []
    if wanted.precision != "fp32":
        judge = _Judge(sample, threshold, scores)
        finished, comparison, float32_nodes = _lowered(model, exact, judge, wanted, say)
        run, scores = _run_of(finished.data), comparison.compared
        steps.append(comparison.step(_runtime("fp32"), _runtime(wanted.precision)))
    return Model(
        data=finished.data,
        facts=finished.facts,
        conversion=Conversion(batch_sizes=list(BATCH_SIZES), folded=folded, float32_nodes=float32_nodes),
        parity=_parity(sample, steps, wanted),
        run=run,
        exact=exact,
        scores=scores,
        comparison=comparison,
    )


def check_scores(known: Sequence[float | None], reference: np.ndarray, sample: Sample, threshold: float) -> bool:
    """Whether the function scores held-out records as they were scored when the threshold was set.

    `known` are the scores of all held-out records, None where they were not kept. A run keeps weights, not code:
    another version of oddline may make another score of them.
    """
    pairs = [
        (reference[place], known[number])
        for place, number in enumerate(sample.numbers.tolist())
        if known[number] is not None
    ]
    if not pairs:
        return True
    found, expected = zip(*pairs, strict=True)
    largest = relative_differences(found, np.array(expected, np.float64), threshold).max()
    return bool(largest <= limits_for("fp32", None).relative)


def _lowered(
    model: Any, exact: RunGraph, judge: _Judge, wanted: Wanted, say: Callable[[str], None]
) -> tuple[Finished, Comparison, list[str]]:
    """The model in its precision, how it compares, and the names in it of the layers that stay in float32.

    `exact` runs it in float32.
    """
    names, able = find_layers(model, precision=wanted.precision, target=wanted.target)
    limits, sample = wanted.limits, judge.sample
    rows = sample.rows(_CALIBRATION_ROWS)
    few = {name: values[:_FEW_ROWS] for name, values in rows.items()}
    tried: dict[frozenset[str], tuple[Finished, Comparison]] = {}

    def made(chosen: Sequence[str]) -> tuple[Finished, RunGraph]:
        """The model with these layers lowered, and what shows on a CPU how it computes."""
        lowered = lower(model, precision=wanted.precision, target=wanted.target, chosen=chosen, rows=rows)
        finished = finish(lowered, target=wanted.target, name=wanted.name)
        like = emulated(model, precision=wanted.precision, chosen=chosen)
        return finished, _run_of(finished.data if like is None else like.SerializeToString())

    def attempt(chosen: Sequence[str]) -> tuple[Finished, Comparison]:
        key = frozenset(chosen)
        if key not in tried:
            finished, run = made(chosen)
            tried[key] = finished, judge(sample.score(run, batch_rows=DEFAULT_BATCH_ROWS))
        return tried[key]

    def bears(chosen: Sequence[str]) -> bool:
        broken = attempt(chosen)[1].broken(limits)
        if broken and len(chosen) == len(able):
            say(f"{wanted.precision} throughout is too much ({', '.join(broken)}): looking for the layers that bear it")
        return not broken

    def cost(name: str) -> float:
        _, run = made([name])
        return float(np.mean(relative_differences(run(("score",), few)[0], exact(("score",), few)[0], judge.threshold)))

    if not able:
        raise ParityError(
            f"the model has no layer that {wanted.precision} is for",
            where=wanted.where,
            mend="export with --precision fp32",
        )
    say(f"comparing {wanted.precision} with fp32 on the same")
    chosen = choose_layers(able, bears, cost)
    # Where not even one layer bears it, say what is wrong with all of them.
    finished, comparison = attempt(chosen or able)
    raising = ", or raise the limit with --max-flips" if comparison.only_flips(limits) else ""
    prove(
        comparison,
        limits,
        sample=sample,
        what=f"no layer of the model bears {wanted.precision}; with all of them",
        where=wanted.where,
        mend=f"export with --precision fp32{raising}",
    )
    left = [finished.renamed.get(name, name) for name in names if name not in chosen]
    if left:
        say(f"{len(left)} of {len(names)} layers stay in float32, so that verdicts do")
    return finished, comparison, left


def _parity(sample: Sample, steps: list[ParityStep], wanted: Wanted) -> Parity:
    limit = wanted.limits.flips
    raised = limit > limits_for(wanted.precision).flips
    return Parity(
        tolerance=tolerance_of(wanted.precision, steps[-1].max_relative_difference),
        records=sample.records,
        altered=sample.altered,
        steps=steps,
        max_flips=limit if raised else None,
    )


def _run_of(model: bytes) -> RunGraph:
    return Session(model, provider="cpu").run


def _runtime(precision: str) -> str:
    emulated_there = ", rounded as on a GPU" if precision == "fp16" else ""
    return f"ONNX Runtime, {precision}, CPU{emulated_there}"


def _copy(model: Any) -> Any:
    return type(model).FromString(model.SerializeToString())
