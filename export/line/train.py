"""The detector `line`, as something that can be trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edge.bundle.manifest import DICTIONARY_NAME, TOKENIZER_NAME
from edge.dictionary.spec import encode_dictionary
from edge.errors import InputError
from edge.text.masks import Masker
from edge.text.tokens import TokenRows
from export.dataset import LogData, read_log, split
from export.dictionary.build import build_dictionary
from export.dictionary.given import read_given
from export.labels import NORMAL
from export.line.fit import fit_seed
from export.line.labelled import check_labels, label
from export.line.models import build_model, load_graph, score_function
from export.line.presets import PRESETS, LinePreset
from export.run import Run
from export.tokens.bpe import token_characters, train_tokenizer
from export.tokens.fit import fit_default
from export.training.options import TrainOptions
from export.training.trainable import Fitted, Progress, Slices

# Fewer lines teach nothing, and fewer held-out ones cannot carry a threshold.
LEAST_TRAINING_LINES = 200
LEAST_CALIBRATION_LINES = 100
DEFAULT_SHARES = (0.6, 0.2, 0.2)


class LineTrainable:
    """Learns from the distinct masked lines of a log."""

    name = "line"
    knows = frozenset({"format", "layout", "year", "vocabulary", "label_column", "labels", "dictionary"})

    def check(self, options: TrainOptions) -> None:
        """Refuse a vocabulary that the network has no room for, a dictionary that cannot be read, and lost labels."""
        preset = PRESETS[options.preset]
        check_labels(options)
        if options.dictionary is not None:
            read_given(options.dictionary, preset.masks)
        if preset.fixed_table and options.vocabulary is not None and options.vocabulary > preset.vocabulary:
            raise InputError(
                f"a vocabulary of {options.vocabulary:,} is more than the network of the preset {preset.name} has",
                mend=f"give --vocabulary {preset.vocabulary} or less",
            )

    def read(self, paths: Sequence[str], options: TrainOptions, *, say: Callable[[str], None]) -> LogData:
        """The lines of the paths, in the order of time, with their labels where a column holds them."""
        data = read_log(paths, asked=options.format, layout=options.layout, say=say, year=options.year)
        data = label(data, options, say=say)
        if PRESETS[options.preset].reads_whole_lines:
            data.contents = data.lines
        return data

    def split(self, data: LogData, options: TrainOptions, *, say: Callable[[str], None]) -> Slices:  # noqa: ARG002
        """Cut the normal lines in order of time; lines that are labelled as anomalies are all kept for tests."""
        least = (LEAST_TRAINING_LINES, LEAST_CALIBRATION_LINES, 0)
        normal = [place for place, kind in enumerate(data.kinds) if kind == NORMAL]
        training, calibration, test = split(data.pick(normal), options.shares or DEFAULT_SHARES, least)
        if len(normal) < len(data):
            odd = {place for place, kind in enumerate(data.kinds) if kind != NORMAL}
            test = data.pick(sorted(odd.union(normal[len(training) + len(calibration) :])))
        return Slices(training, calibration, test)

    def load_graph(self, run: Run) -> Any:
        """See `export.line.models`."""
        return load_graph(run)

    def fit(self, slices: Slices, options: TrainOptions, *, say: Callable[[str], None], progress: Progress) -> Fitted:
        """A tokenizer, the log dictionary, then the network."""
        preset = PRESETS[options.preset]
        training = slices.training
        preprocessing = preset.preprocessing(training.format)
        skip = preprocessing.format.skip_characters
        masked = Masker(preprocessing.masks).apply([content[skip:] for content in training.contents])
        counts = Counter(masked)
        tokenizer = train_tokenizer(
            counts if preset.splits_punctuation else masked,
            vocabulary=options.vocabulary or preset.vocabulary,
            punctuation=preset.splits_punctuation,
            special=preset.special_tokens,
            alphabet=preset.splits_punctuation,
        )
        say(f"learning from {len(training):,} lines, {len(counts):,} distinct after masking")
        dictionary = build_dictionary(counts, preset.masks, given=options.dictionary, say=say)
        rows = TokenRows(preset.encoder, tokenizer)
        vocabulary = preset.vocabulary if preset.fixed_table else rows.vocabulary
        losses: list[float] = []

        def show(epoch: int, epochs: int, loss: float) -> None:
            losses.append(loss)
            progress(epoch, epochs, loss)

        model = _fit(preset, counts, masked, rows, vocabulary, options, show)
        return Fitted(
            preprocessing=preprocessing,
            files={TOKENIZER_NAME: tokenizer, DICTIONARY_NAME: encode_dictionary(dictionary)},
            network={"vocabulary": vocabulary},
            weights=model.get_weights(),
            inputs=counts,
            graph=lambda _: score_function(preset.name, model, rows.length, token_characters(tokenizer)),
            parameters={
                "vocabulary": vocabulary,
                "epochs": options.epochs or preset.epochs,
                "batch": preset.batch,
            },
            history={"loss": losses},
        )


def _fit(
    preset: LinePreset,
    counts: Counter[str],
    masked: Sequence[str],
    rows: TokenRows,
    vocabulary: int,
    options: TrainOptions,
    progress: Callable[[int, int, float], None],
) -> Any:
    import keras

    keras.utils.set_random_seed(options.seed)
    epochs = options.epochs or preset.epochs
    model = build_model(preset.name, vocabulary=vocabulary, length=rows.length)
    if preset.name == "seed":
        ids = rows.encode(masked).ids
        fit_seed(model, ids, epochs=epochs, batch=preset.batch, seed=options.seed, progress=progress)
    else:
        encoded = rows.encode(list(counts))
        weights = np.fromiter(counts.values(), np.float64, len(counts))[encoded.owners]
        fit_default(
            model, encoded.ids, weights, epochs=epochs, batch=preset.batch, seed=options.seed, progress=progress
        )
    return model
