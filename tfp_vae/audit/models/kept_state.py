"""The state of a model, which is after an audit as it was before."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from tfp_vae.audit.models.steps import is_keras_model, is_torch_module


@contextlib.contextmanager
def kept_state(model: Any) -> Iterator[None]:
    """Puts the weights, statistics and metrics of a model back at the end."""
    if is_torch_module(model):
        state = {name: value.detach().clone() for name, value in model.state_dict().items()}
        training = model.training
        model.train()
        try:
            yield
        finally:
            model.load_state_dict(state)
            model.train(training)
        return
    variables = _variables(model) if is_keras_model(model) else []
    values = [np.array(v) for v in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)


def _variables(model: Any) -> list[Any]:
    """The variables of a Keras model; none of one that the first step builds."""
    try:
        return list(model.variables)
    except ValueError:
        return []
