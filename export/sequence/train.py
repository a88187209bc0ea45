"""The detector `sequence`, as something that can be trained."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edge.bundle.manifest import DICTIONARY_NAME, TOKENIZER_NAME
from edge.bundle.preprocessing import Preprocessing, SessionSpec
from edge.dictionary.spec import Dictionary, encode_dictionary
from edge.errors import InputError
from edge.formats.request_rows import RequestRowsFormat
from edge.sequence import events
from edge.sequence.grouping import compile_key
from edge.text.tokens import TokenRows
from export.dataset import LogData, split
from export.labels import NORMAL
from export.line.presets import DEFAULT_MASKS
from export.run import Run
from export.sequence.checks import check_labels, check_rows, format_of_lines
from export.sequence.classifier import judge
from export.sequence.default_model import Shape
from export.sequence.fit import STEPS_PER_EPOCH, Sample, fit
from export.sequence.fit_classifier import fit_classifier
from export.sequence.models import build_classifier, classifier_graph, default_graph, default_weights, load_graph
from export.sequence.presets import IDLE_RECORDS, PRESETS, SequencePreset
from export.sequence.reading import read_lines, read_ready
from export.sequence.rows import fit_rows
from export.sequence.splitting import LABELLED_SHARES, LEAST_SESSIONS, split_by_class, split_by_time
from export.sequence.tokenizer import event_tokenizer
from export.training.options import TrainOptions
from export.training.trainable import Fitted, Progress, Slices

# Of unlabelled sessions all are learnt from, and the threshold is set on scores by models that had not seen them.
DEFAULT_SHARES = (1.0, 0.0, 0.0)


class SequenceTrainable:
    """Learns normal sessions; or, where sessions are labelled, to tell anomalous ones from them."""

    name = "sequence"
    knows = frozenset(
        {
            "format",
            "layout",
            "year",
            "vocabulary",
            "label_column",
            "labels",
            "label_file",
            "session_key",
            "window",
            "seconds",
            "dictionary",
        }
    )

    def __init__(self) -> None:
        self._spec: SessionSpec | None = None
        self._dictionary: Dictionary | None = None
        self._members: list[array[int]] | None = None

    def check(self, options: TrainOptions) -> None:
        """Refuse sessions that are told in more than one way, or not at all."""
        ways = [
            flag
            for flag, value in (
                ("--session-key", options.session_key),
                ("--window", options.window),
                ("--seconds", options.seconds),
            )
            if value is not None
        ]
        if len(ways) > 1:
            raise InputError(f"{' and '.join(ways)} do not go together", mend="give one of them")
        if options.format == events.NAME and ways and options.window is None:
            raise InputError("the lines of event-id files are sessions already", where=ways[0], mend="leave it out")
        if options.window is not None and options.window[1] > options.window[0]:
            raise InputError(
                "events between two windows would be in none", where="--window", mend="give a step up to the length"
            )
        check_labels(options, ready=options.format == events.NAME or not ways)
        lines = options.layout is not None or options.format not in (None, events.NAME) or options.label_file
        if lines and not ways:
            raise InputError(
                "how are lines put together to sessions?", mend="give --session-key, --window or --seconds"
            )
        if not lines and not ways and options.dictionary is not None:
            raise InputError("event-id files need no dictionary", where="--dictionary", mend="leave it out")
        if format_of_lines(options) == RequestRowsFormat.name:
            check_rows(options)
        if options.session_key is not None:
            compile_key(_with_group(options.session_key))

    def read(self, paths: Sequence[str], options: TrainOptions, *, say: Callable[[str], None]) -> LogData:
        """The sessions of the paths."""
        spec = session_spec(options)
        if options.format == events.NAME or spec is None:
            found = read_ready(paths, options, spec, say=say)
        else:
            shares = options.shares or DEFAULT_SHARES
            learnt = (options.shares or LABELLED_SHARES)[0] if options.label_file else shares[0] + shares[1]
            found = read_lines(paths, options, spec, DEFAULT_MASKS, learnt, say=say)
        self._spec, self._dictionary, self._members = found.spec, found.dictionary, found.members
        return found.data

    def split(self, data: LogData, options: TrainOptions, *, say: Callable[[str], None]) -> Slices:
        """Unlabelled sessions in their order, without a part of its own for the threshold; labelled ones by class.

        Those that were made of labelled lines are cut in time.
        """
        preset = PRESETS[options.preset]
        if options.label_file is not None and self._members is not None:
            return split_by_time(data, self._members, options.shares or LABELLED_SHARES, say=say)
        if any(data.kinds):
            return split_by_class(data, options.shares or LABELLED_SHARES)
        if preset.epochs is None:
            raise InputError(
                f"the preset {preset.name} needs labelled sessions, and no session is labelled as an anomaly",
                mend="give event-id files with a column Label, or take the preset default",
            )
        say("no session is labelled as an anomaly: what is learnt is how normal sessions go")
        learnt, held, rest = options.shares or DEFAULT_SHARES
        training, test = split(data, (learnt + held, rest), (LEAST_SESSIONS, 0))
        return Slices(training, training, test)

    def load_graph(self, run: Run) -> Any:
        """See `export.sequence.models`."""
        return load_graph(run)

    def fit(self, slices: Slices, options: TrainOptions, *, say: Callable[[str], None], progress: Progress) -> Fitted:
        """The events that there are, then the network."""
        preset = PRESETS[options.preset]
        training = slices.training
        if training.format.name == RequestRowsFormat.name and self._spec is not None:
            return fit_rows(training, self._spec, preset, options, say=say, progress=progress)
        tokenizer = event_tokenizer(training.contents, most_events=options.vocabulary or preset.events)
        encoder = TokenRows(preset.encoder, tokenizer)
        files = {TOKENIZER_NAME: tokenizer}
        if self._dictionary is not None:
            files[DICTIONARY_NAME] = encode_dictionary(self._dictionary)
        inputs = Counter(training.contents)
        say(f"learning from {len(training):,} sessions, {len(inputs):,} distinct")
        sample = Sample(*encoder.encode(training.contents)[:2], len(training))
        supervised = any(training.kinds)
        learn = _fit_supervised if supervised else _fit_default
        losses: list[float] = []

        def show(epoch: int, epochs: int, loss: float) -> None:
            losses.append(loss)
            progress(epoch, epochs, loss)

        fitted = learn(preset, sample, training.kinds, encoder.vocabulary, options, show)
        weights, graph, fold_scores, accuracy, parameters = fitted
        return Fitted(
            preprocessing=Preprocessing(
                format=training.format,
                masks=[] if self._dictionary is None else list(DEFAULT_MASKS),
                sessions=self._spec,
                encoder=preset.encoder,
            ),
            files=files,
            network={"vocabulary": encoder.vocabulary, "supervised": int(supervised)},
            weights=weights,
            inputs=inputs,
            graph=lambda _: graph,
            parameters={"vocabulary": encoder.vocabulary, "supervised": supervised, **parameters},
            fold_scores=fold_scores,
            fixed_threshold=preset.threshold if supervised else None,
            # Of the model that is kept: those for the threshold are trained before it.
            history={"loss": losses[-int(str(parameters["epochs"])) :], **accuracy},
        )


_Parameters = dict[str, "str | int | float | bool | None"]
_Learnt = tuple[list[np.ndarray], Any, "np.ndarray | None", dict[str, list[float]], _Parameters]


def _fit_default(
    preset: SequencePreset,
    sample: Sample,
    kinds: Sequence[str],  # noqa: ARG001  (all normal)
    vocabulary: int,
    options: TrainOptions,
    progress: Progress,
) -> _Learnt:
    epochs = options.epochs or preset.epochs or 1
    learnt = fit(
        sample, shape=Shape(vocabulary), epochs=epochs, batch=preset.batch, seed=options.seed, progress=progress
    )
    parameters: _Parameters = {
        "epochs": epochs,
        "steps": epochs * STEPS_PER_EPOCH,
        "batch": preset.batch,
        "step_weight": learnt.model.step_weight,
    }
    graph = default_graph(learnt.model, preset.length)
    return default_weights(learnt.model), graph, learnt.fold_scores, {}, parameters


def _fit_supervised(
    preset: SequencePreset,
    sample: Sample,
    kinds: Sequence[str],
    vocabulary: int,
    options: TrainOptions,
    progress: Progress,
) -> _Learnt:
    import keras

    keras.utils.set_random_seed(options.seed)
    model = build_classifier(preset, vocabulary)
    epochs = options.epochs or preset.passes
    labels = np.array([kind != NORMAL for kind in kinds], np.float32)[sample.owners]
    accuracy = fit_classifier(
        model,
        sample.ids,
        labels,
        judge=judge,
        epochs=epochs,
        batch=preset.batch,
        seed=options.seed,
        progress=progress,
    )
    weights = [np.asarray(weight) for weight in model.get_weights()]
    parameters: _Parameters = {"epochs": epochs, "batch": preset.batch}
    return weights, classifier_graph(model, preset.length), None, {"accuracy": accuracy}, parameters


def session_spec(options: TrainOptions) -> SessionSpec | None:
    """How the options tell sessions; None where each line is one."""
    if options.session_key is None and options.window is None and options.seconds is None:
        return None
    length, step = options.window or (None, None)
    return SessionSpec(
        key=None if options.session_key is None else _with_group(options.session_key),
        idle_records=None if options.session_key is None else IDLE_RECORDS,
        length=length,
        step=step,
        seconds=options.seconds,
    )


def _with_group(key: str) -> str:
    """A key without a group is one as a whole."""
    return key if "(" in key.replace("\\(", "").replace("(?:", "") else f"({key})"
