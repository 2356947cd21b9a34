"""Checks of a model before training, and of the validations after it."""

import warnings
from collections.abc import Sequence

import numpy as np

from tfp_vae.training.trainable import Trainable


def check_compiled(model: Trainable) -> None:
    """Checks that a model is compiled.

    Raises:
      ValueError: If it is not.
    """
    if not model.compiled:
        raise ValueError("The model must be compiled; call `compile()` first.")


def check_trainable(model: Trainable) -> None:
    """Checks that a model has something to train.

    Raises:
      ValueError: If no weight is trainable.
    """
    if not model.trainable_variables:
        raise ValueError(
            "The model must have a trainable weight to be fitted; got none: set `trainable` of "
            "the model, or of a part of it, to True, and compile it again."
        )


def warn_of_nan_validations(values: Sequence[float]) -> None:
    """Warns if the validation ELBO was NaN; training steps are guarded."""
    wrong = np.isnan(np.asarray(values, np.float64))
    if wrong.any():
        warnings.warn(
            f"`val_elbo` was NaN in {int(wrong.sum())} of {len(wrong)} validations (first: "
            f"{int(np.argmax(wrong)) + 1}). Lower the learning rate, set `clipnorm`, or rescale "
            "the data.",
            RuntimeWarning,
            stacklevel=4,
        )
