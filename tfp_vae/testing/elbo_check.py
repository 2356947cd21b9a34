"""Runs the properties of the bound on a model."""

import warnings
from typing import Any

import numpy as np

from tfp_vae import checks
from tfp_vae.model import VAE
from tfp_vae.testing.elbo_report import ELBOReport, PropertyResult
from tfp_vae.testing.properties import PROPERTIES, NotApplicable, Subject


def check_elbo(vae: Any, x: Any, condition: Any = None) -> ELBOReport:
    """Fails unless the evidence lower bound of a model has the properties of one.

    It runs all of `tfp_vae.testing.properties`: whether the terms have shape `[B]` and are finite,
    whether the bound is the log-likelihood less the KL, agrees with draws from the posterior and
    does not exceed log p(x), whether rows depend on one another or on the batch, whether seeds
    decide all draws, eagerly and compiled, whether every weight has a gradient and its estimators
    agree, whether copies and files keep the bound, and whether wrong data is refused. Statistical
    properties fail by chance once in 26 million comparisons; the seeds are fixed.

    Args:
      vae: The model, trained or not. It is left as it is.
      x: Data, `[B, *event]`; a handful of rows is enough.
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
    rows = checks.array(x)
    vae.check_rows(rows)
    vae.check_condition(condition, len(rows))
    subject = Subject(vae, rows, None if condition is None else np.asarray(condition))
    report = ELBOReport(tuple(_result(each, subject) for each in PROPERTIES))
    if not report.ok:
        raise AssertionError(f"The evidence lower bound is not one:\n{report}")
    return report


def _result(asked: Any, subject: Subject) -> PropertyResult:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            asked(subject)
    except NotApplicable as reason:
        return PropertyResult(asked.__name__, "skipped", str(reason))
    except Exception as error:
        kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
        return PropertyResult(asked.__name__, "failed", kind + str(error))
    return PropertyResult(asked.__name__, "passed")
