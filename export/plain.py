"""What TensorFlow or Keras would write into the graph with care for cases that do not occur here, written plainly."""

from __future__ import annotations

from typing import Any


def log_sum_exp(x: Any) -> Any:
    """Over the last axis, of finite values; tf.reduce_logsumexp puts IsInf and IsNaN into the graph."""
    import tensorflow as tf

    top = tf.reduce_max(x, axis=-1, keepdims=True)
    return tf.squeeze(top, -1) + tf.math.log(tf.reduce_sum(tf.exp(x - top), axis=-1))


def embedding(vocabulary: int, width: int) -> Any:
    """A Keras Embedding called ``embedding``, of ids that are all below `vocabulary` and none negative.

    Keras's own counts negative ids from the end, in nine nodes.
    """
    import tensorflow as tf
    from keras import layers

    class Embedding(layers.Embedding):  # type: ignore[misc]  # Keras has no types
        def call(self, inputs: Any) -> Any:
            return tf.gather(tf.convert_to_tensor(self.embeddings), inputs)

        def compute_output_spec(self, *arguments: Any, **options: Any) -> Any:
            import keras

            (ids,) = arguments or options.values()
            return keras.KerasTensor((*ids.shape, self.output_dim), dtype=self.compute_dtype)

    return Embedding(vocabulary, width, name="embedding")
