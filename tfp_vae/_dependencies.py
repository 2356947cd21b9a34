"""Checks Keras's backend, and imports TensorFlow Probability without its deprecation warnings."""

import warnings

import keras

if keras.config.backend() != "tensorflow":
    raise ImportError(
        "tfp_vae needs the TensorFlow backend of Keras, but Keras was started with "
        f"{keras.config.backend()!r}: set the environment variable KERAS_BACKEND=tensorflow."
    )

with warnings.catch_warnings():
    # It compares versions by `distutils`.
    warnings.simplefilter("ignore", DeprecationWarning)
    import tensorflow_probability

    tensorflow_probability.distributions.Normal  # noqa: B018 - imported at its first use
