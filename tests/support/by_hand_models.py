"""What a model by hand in Keras and one in another framework are compared with."""

import keras
import numpy as np

from benchmarks import architectures


def built(kind):
    """Returns a model of a kind with the loss by hand in Keras, with weights."""
    shape, _, hand = architectures.KINDS[kind]
    keras.utils.set_random_seed(0)
    model = hand()
    model.build([None, *shape])
    return model


def noise(as_tensor):
    """Returns a function that draws the same numbers in every framework."""
    rng = np.random.default_rng(1)
    return lambda shape: as_tensor(rng.standard_normal(tuple(shape)).astype("float32"))
