"""An optimizer for a Keras model that is not compiled yet, which changes nothing."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from tfp_vae.audit.models.steps import is_keras_model


class _IdleOptimizer:
    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


@contextlib.contextmanager
def with_optimizer(model: Any) -> Iterator[None]:
    """Gives a Keras model an idle optimizer where it has none; afterwards it has none again.

    A `train_step` names `self.optimizer` before the gradient at which an audit ends.
    """
    if not is_keras_model(model) or getattr(model, "optimizer", None) is not None:
        yield
        return
    before = vars(model).copy()
    # Past Keras, which tracks what it is given.
    object.__setattr__(model, "optimizer", _IdleOptimizer())
    try:
        yield
    finally:
        if "optimizer" in before:
            object.__setattr__(model, "optimizer", before["optimizer"])
        else:
            object.__delattr__(model, "optimizer")
