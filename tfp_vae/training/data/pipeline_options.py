"""Options of pipelines that TensorFlow reads batches by."""

import tensorflow as tf


def untuned(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Returns a dataset without the thread that tunes it, for which an iterator's end waits.

    Args:
      dataset: One that reads from memory or from Python, with nothing to tune.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)
