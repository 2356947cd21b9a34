"""What the heads of a distribution layer emit, by NumPy."""

import numpy as np


def head_outputs(layer, features):
    """Returns the outputs of every head for features `[..., F]`, by the names of the heads."""
    outputs = {}
    for name, head in layer.heads.items():
        kernel, bias = head.get_weights()
        shape = layer.parameter_shapes()[name]
        outputs[name] = np.reshape(features @ kernel + bias, [*features.shape[:-1], *shape])
    return outputs
