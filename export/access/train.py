"""The detector `access`, as something that can be trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edge.bundle.manifest import DICTIONARY_NAME, TOKENIZER_NAME
from edge.dictionary.spec import encode_dictionary
from edge.errors import InputError
from edge.formats.access import AccessFormat
from edge.formats.request import check_fields
from edge.text.masks import Masker
from edge.text.tokens import TokenRows
from export.access import seed_model
from export.access.models import build_model, load_graph, score_function
from export.access.presets import FORMAT_FIELDS, PRESETS, AccessPreset
from export.access.tokenizer import train_words
from export.dataset import LogData, read_log, split
from export.dictionary.build import build_dictionary
from export.dictionary.given import read_given
from export.run import Run
from export.tokens.bpe import train_tokenizer
from export.tokens.fit import fit_default, fit_regression
from export.training.options import TrainOptions
from export.training.trainable import Fitted, Progress, Slices

# Fewer requests teach nothing, and fewer held-out ones cannot carry a threshold.
LEAST_TRAINING_REQUESTS = 200
LEAST_CALIBRATION_REQUESTS = 100
DEFAULT_SHARES = (0.6, 0.2, 0.2)
# Contents are cut into short words, of which two requests for unlike pages share many.
DICTIONARY_SIMILARITY = 0.6


class AccessTrainable:
    """Learns from the distinct requests of an access log, or of a file of raw requests."""

    name = "access"
    knows = frozenset({"format", "fields", "vocabulary", "dictionary"})

    def check(self, options: TrainOptions) -> None:
        """Refuse formats without requests, fields that they do not have, and a dictionary that cannot be read."""
        if options.format is not None and options.format not in FORMAT_FIELDS:
            raise InputError(
                f"the detector access finds no requests in the format {options.format}",
                where="--format",
                mend=f"give {' or '.join(FORMAT_FIELDS)}, or train line",
            )
        fields_of(options)
        if options.dictionary is not None:
            read_given(options.dictionary, PRESETS[options.preset].masks)

    def read(self, paths: Sequence[str], options: TrainOptions, *, say: Callable[[str], None]) -> LogData:
        """The requests of the paths, in the order of time.

        Raises:
            InputError: half of the records or more are no requests.
        """
        name = options.format or AccessFormat.name
        data = read_log(paths, asked=name, layout=None, say=say, fields=fields_of(options))
        if len(data) and 2 * data.unparsed >= len(data):
            raise InputError(
                f"only {len(data) - data.unparsed:,} of {len(data):,} records are requests in the format {name}",
                where=", ".join(paths),
                mend="give an access log, or raw requests with --format http; for other logs train line",
            )
        return data

    def split(self, data: LogData, options: TrainOptions, *, say: Callable[[str], None]) -> Slices:  # noqa: ARG002
        """Cut in order of time."""
        least = (LEAST_TRAINING_REQUESTS, LEAST_CALIBRATION_REQUESTS, 0)
        return Slices(*split(data, options.shares or DEFAULT_SHARES, least))

    def load_graph(self, run: Run) -> Any:
        """See `export.access.models`."""
        return load_graph(run)

    def fit(self, slices: Slices, options: TrainOptions, *, say: Callable[[str], None], progress: Progress) -> Fitted:
        """A vocabulary, the log dictionary, then the network."""
        preset = PRESETS[options.preset]
        training = slices.training
        preprocessing = preset.preprocessing(training.format.name, fields_of(options))
        counts = Counter(Masker(preprocessing.masks).apply(training.contents))
        say(f"learning from {len(training):,} requests, {len(counts):,} distinct")
        tokenizer = _tokenizer(preset, counts, options.vocabulary or preset.vocabulary)
        rows = TokenRows(preset.encoder, tokenizer)
        dictionary = build_dictionary(
            counts, preset.masks, given=options.dictionary, say=say, similarity=DICTIONARY_SIMILARITY
        )
        model = _fit(preset, counts, rows, options, progress)
        return Fitted(
            preprocessing=preprocessing,
            files={TOKENIZER_NAME: tokenizer, DICTIONARY_NAME: encode_dictionary(dictionary)},
            network={"vocabulary": rows.vocabulary},
            weights=model.get_weights(),
            inputs=counts,
            graph=lambda _: score_function(preset.name, model, vocabulary=rows.vocabulary, length=rows.length),
            parameters={
                "vocabulary": rows.vocabulary,
                "epochs": options.epochs or preset.epochs,
                "batch": preset.batch,
            },
        )


def fields_of(options: TrainOptions) -> tuple[str, ...]:
    """What makes up a content: the user's choice, or what the format has for it.

    Raises:
        FormatError: the format has no such field.
    """
    name = options.format or AccessFormat.name
    usual, known = FORMAT_FIELDS[name]
    return usual if options.fields is None else check_fields(options.fields, known, name)


def _tokenizer(preset: AccessPreset, counts: Counter[str], vocabulary: int) -> bytes:
    if preset.words:
        tokens = list(dict.fromkeys(mask.token for mask in preset.masks))
        return train_words(counts, vocabulary=vocabulary, special=tokens)
    return train_tokenizer(counts, vocabulary=vocabulary, punctuation=True, special=[], alphabet=True)


def _fit(preset: AccessPreset, counts: Counter[str], rows: TokenRows, options: TrainOptions, progress: Progress) -> Any:
    import keras

    keras.utils.set_random_seed(options.seed)
    epochs = options.epochs or preset.epochs
    model = build_model(preset.name, vocabulary=rows.vocabulary, length=rows.length)
    encoded = rows.encode(list(counts))
    weights = np.fromiter(counts.values(), np.int64, len(counts))[encoded.owners]
    if preset.name == "seed":
        # Every request as often as it stood in the log, as published.
        scaled = np.repeat(seed_model.scale(encoded.ids, rows.vocabulary).numpy(), weights, axis=0)
        fit_regression(
            model,
            scaled,
            scaled,
            optimizer="adam",
            epochs=epochs,
            batch=preset.batch,
            seed=options.seed,
            progress=progress,
        )
    else:
        fit_default(
            model,
            encoded.ids,
            weights.astype(np.float64),
            epochs=epochs,
            batch=preset.batch,
            seed=options.seed,
            progress=progress,
        )
    return model
