"""What is said of a validation whose ELBO is no number."""

import warnings
from collections.abc import Mapping, Sequence

import numpy as np


def warn_of_nan(logs: Mapping[str, Sequence[float]]) -> None:
    """Warns where the ELBO of the validation data was not a number; steps are guarded themselves.

    Args:
      logs: What a fit logged, as `keras.callbacks.History` has it.

    Warns:
      RuntimeWarning: If it was not, and when first.
    """
    wrong = np.isnan(np.asarray(logs.get("val_elbo", []), np.float64))
    if wrong.any():
        warnings.warn(
            f"The ELBO of the validation data was not a number {int(wrong.sum())} times of "
            f"{len(wrong)}, first time {int(np.argmax(wrong)) + 1}: the weights have gone so far "
            "that its terms overflow. A smaller learning rate, `clipnorm`, or data of smaller "
            "numbers helps.",
            RuntimeWarning,
            stacklevel=3,
        )
