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
from export.precision.lower import layer_names, lower

# What engines are built for: one record, a few of a stream, and three sizes for whole files.
BATCH_SIZES = (1, 8, 32, 128, 512)
KERAS = "Keras, float32"
_FEW_ROWS = 1024


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

    `run` runs it, and `exact` the same graph in float32; `scores`, float32, are its scores of the sample, and
    `comparison` is the last of the proof.
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
        odd, normal = self.sample.odd_and_normal()
        return compare(self.reference, scores, self.threshold, odd, normal)


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
    exact = run = _run_of(plain)
    scores = sample.score(run, batch_rows=DEFAULT_BATCH_ROWS)
    comparison = _Judge(sample, threshold, reference)(scores)
    prove(
        comparison,
        limits_for("fp32", wanted.max_flips),
        name_of=sample.name_of,
        what="the exported model differs from the trained one",
        where=wanted.where,
        mend="report this with the versions of tensorflow, tf2onnx and onnxruntime",
    )
    steps = [comparison.step(KERAS, _runtime("fp32"))]
    finished = plain
    float32_nodes: list[str] = []
    if wanted.precision != "fp32":
        judge = _Judge(sample, threshold, scores)
        finished, float32_nodes = _lowered(model, exact, judge, wanted, say)
        run = _run_of(finished)
        scores = sample.score(run, batch_rows=DEFAULT_BATCH_ROWS)
        comparison = judge(scores)
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
) -> tuple[Finished, list[str]]:
    """The model in its precision, and the names in it of the layers that stay in float32.

    `exact` runs it in float32.
    """
    names = layer_names(model, precision=wanted.precision, target=wanted.target)
    limits, rows = wanted.limits, judge.sample.rows()
    tried: dict[tuple[str, ...], tuple[Finished, Comparison]] = {}

    def attempt(chosen: Sequence[str]) -> tuple[Finished, Comparison]:
        if tuple(chosen) not in tried:
            lowered = lower(model, precision=wanted.precision, target=wanted.target, chosen=chosen, rows=rows)
            finished = finish(lowered, target=wanted.target, name=wanted.name)
            scores = judge.sample.score(_run_of(finished), batch_rows=DEFAULT_BATCH_ROWS)
            tried[tuple(chosen)] = finished, judge(scores)
        return tried[tuple(chosen)]

    def bears(chosen: Sequence[str]) -> bool:
        broken = attempt(chosen)[1].broken(limits)
        if broken and len(chosen) == len(names):
            say(f"{wanted.precision} throughout is too much ({', '.join(broken)}): looking for the layers that bear it")
        return not broken

    few = {name: values[:_FEW_ROWS] for name, values in rows.items()}

    def cost(name: str) -> float:
        lowered = lower(model, precision=wanted.precision, target=wanted.target, chosen=[name], rows=rows)
        run = _run_of(finish(lowered, target=wanted.target, name=wanted.name))
        return float(np.mean(relative_differences(run(("score",), few)[0], exact(("score",), few)[0], judge.threshold)))

    say(f"comparing {wanted.precision} with fp32 on the same")
    chosen = choose_layers(names, bears, cost)
    if not chosen and names:
        # Not even one layer: say what is wrong with all of them.
        _, comparison = attempt(names)
        prove(
            comparison,
            limits,
            name_of=judge.sample.name_of,
            what=f"no layer of the model bears {wanted.precision}; with all of them",
            where=wanted.where,
            mend="export with --precision fp32, or raise the limit with --max-flips",
        )
    if not names:
        raise ParityError(
            f"the model has no layer that {wanted.precision} is for",
            where=wanted.where,
            mend="export with --precision fp32",
        )
    finished, _ = attempt(chosen)
    left = [finished.renamed.get(name, name) for name in names if name not in chosen]
    if left:
        say(f"{len(left)} of {len(names)} layers stay in float32, so that verdicts do")
    return finished, left


def _parity(sample: Sample, steps: list[ParityStep], wanted: Wanted) -> Parity:
    limit = wanted.limits.flips
    raised = wanted.max_flips is not None and wanted.max_flips == limit
    return Parity(
        tolerance=tolerance_of(wanted.precision, steps[-1].max_relative_difference),
        records=sample.records,
        altered=sample.altered,
        steps=steps,
        max_flips=limit if raised else None,
    )


def _run_of(finished: Finished) -> RunGraph:
    return Session(finished.data, provider="cpu").run


def _runtime(precision: str) -> str:
    return f"ONNX Runtime, {precision}, CPU"


def _copy(model: Any) -> Any:
    return type(model).FromString(model.SerializeToString())
