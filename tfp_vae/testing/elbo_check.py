"""Checks the properties of the ELBO of a model."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from tfp_vae import checks
from tfp_vae.model import VAE
from tfp_vae.testing.elbo_report import ELBOReport, PropertyResult
from tfp_vae.testing.properties import PROPERTIES, NotApplicable, Subject


def check_elbo(vae: VAE, x: Any, condition: Any = None) -> ELBOReport:
    """Asserts that the ELBO of a model has the properties of an evidence lower bound.

    It checks all of `tfp_vae.testing.properties`: the terms have shape `[B]` and are finite; the
    ELBO is the log-likelihood minus the KL, agrees with draws from the posterior and does not
    exceed log p(x); rows depend neither on one another nor on the batch; the seed determines all
    draws, eager and compiled; every weight has a gradient, and gradient estimators agree; copies
    and saved files keep the ELBO; invalid data raises. Statistical properties fail by chance once
    in 26 million comparisons; the seeds are fixed.

    Args:
      vae: The model, trained or not; it is not changed.
      x: Data, `[B, *event]`; a few rows are enough.
      condition: y, `[B, ...]`, for a model of p(x|y).

    Returns:
      An `ELBOReport`, with a line for each property.

    Raises:
      AssertionError: If a property fails; the message is the report.
      TypeError: If an argument is of the wrong kind.
      ValueError: If `x` or `condition` does not fit the model.

    Example:
      >>> vae = tfp_vae.VAE.for_data(np.array([[0, 1, 1], [1, 0, 1]]), latent_size=2)
      >>> report = tfp_vae.testing.check_elbo(vae, np.array([[0, 1, 1], [1, 1, 1]]))
      >>> report.ok
      True
    """
    __tracebackhide__ = True
    checks.instance_of(vae, VAE, "vae", "tfp_vae.VAE.for_data(x)")
    vae.check_rows(x)
    rows = checks.array(x)
    vae.check_condition(condition, len(rows))
    subject = Subject(vae, rows, None if condition is None else np.asarray(condition))
    report = ELBOReport(tuple(_result(each, subject) for each in PROPERTIES))
    if not report.ok:
        raise AssertionError(f"The ELBO must have these properties:\n{report}")
    return report


def _result(check: Callable[[Subject], None], subject: Subject) -> PropertyResult:
    name = check.__name__
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            check(subject)
    except NotApplicable as reason:
        return PropertyResult(name, "skipped", str(reason))
    except Exception as error:
        kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
        return PropertyResult(name, "failed", kind + str(error))
    return PropertyResult(name, "passed")
