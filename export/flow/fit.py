"""Trains the classifier of the detector `flow`."""

from __future__ import annotations

from typing import Any

import numpy as np

from edge.errors import TrainingError
from export.flow.presets import FlowPreset
from export.training.trainable import Progress


def fit_classifier(
    preset: FlowPreset,
    inputs: np.ndarray,
    attacks: np.ndarray,
    *,
    epochs: int,
    seed: int,
    progress: Progress,
    validation: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[list[np.ndarray], dict[str, list[float]]]:
    """Kernel and bias of each layer, and the curves of the training, a value for each epoch.

    `inputs`, float32 [n, width], are scaled rows, and `attacks`, float32 [n], is 1 for those that are attacks.
    `validation` is the same of held-out rows, for presets that stop early.

    Raises:
        TrainingError: the loss is no finite number.
    """
    import keras

    keras.utils.set_random_seed(seed)
    model = build(preset, inputs.shape[1])
    model.compile(keras.optimizers.Adam(preset.learning_rate), "binary_crossentropy", metrics=["accuracy"])
    order = np.random.default_rng(seed).permutation(len(inputs))
    callbacks = [
        keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: progress(epoch + 1, epochs, logs["loss"]))
    ]
    if preset.patience is not None:
        callbacks.append(keras.callbacks.EarlyStopping(monitor="val_loss", patience=preset.patience))
    history = model.fit(
        inputs[order],
        attacks[order],
        batch_size=preset.batch,
        epochs=epochs,
        verbose=0,
        validation_data=validation,
        callbacks=callbacks,
    )
    curves = {name: [float(value) for value in values] for name, values in history.history.items()}
    if not np.isfinite(curves["loss"]).all():
        raise TrainingError("the loss is no finite number", mend="train it with another --seed")
    weights: list[np.ndarray] = model.get_weights()
    return weights, curves


def build(preset: FlowPreset, width: int) -> Any:
    """A fresh Keras model: scaled rows float32 [batch, width] to the probability of an attack, float32 [batch, 1]."""
    import keras

    penalty = keras.regularizers.L2(preset.l2) if preset.l2 else None
    noise = [keras.layers.GaussianNoise(preset.noise)] if preset.noise else []
    return keras.Sequential(
        [
            keras.Input((width,)),
            *noise,
            keras.layers.Dense(preset.hidden, activation="relu", kernel_regularizer=penalty),
            keras.layers.Dense(1, activation="sigmoid", kernel_regularizer=penalty),
        ]
    )
