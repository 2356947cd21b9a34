"""What a model must refuse: data of another shape, and data outside the support."""

import numpy as np

from tfp_vae.supports import Support
from tfp_vae.testing.properties.subject import NotApplicable, Subject


def wrong_shapes_are_refused(subject: Subject) -> None:
    """Data with another event shape raises a ValueError."""
    if subject.vae.row_shape is None:
        raise NotApplicable("a preprocess layer takes the data first")
    _refused(subject, subject.x[..., None], "data with an axis too many")


def data_outside_the_support_is_refused(subject: Subject) -> None:
    """A value to which the likelihood gives no density raises a ValueError."""
    support = subject.vae.decoder.likelihood.support
    if subject.vae.row_shape is None or not isinstance(support, Support):
        raise NotApplicable("the data is preprocessed, or its columns have supports of their own")
    candidates = np.array([support.lower - 1.0, support.upper + 1.0, 0.5])
    candidates = candidates[np.isfinite(candidates)]
    outside = candidates[support.outside(candidates)]
    if not len(outside):
        raise NotApplicable("every finite number is in the support")
    wrong = np.array(subject.x, np.float64)
    wrong[(0,) * wrong.ndim] = outside[0]
    _refused(subject, wrong, f"the value {outside[0]:g}")


def _refused(subject: Subject, x: np.ndarray, what: str) -> None:
    try:
        subject.elbo(x, subject.everywhere, seed=0)
    except ValueError:
        return
    raise AssertionError(f"{what} raised no ValueError")
