"""The calls of `tfp_vae.plotting`."""

import functools

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from tests.fuzz import fuzzed_models
from tests.fuzz.call import Call
from tests.fuzz.fuzzed_models import DATA, model
from tfp_vae import evaluation, plotting

mpl.use("Agg")
_TERMS = ("elbo", "log_likelihood", "kl_divergence")
_ROWS = lambda kind, **more: lambda: {"vae": model(kind), "x": DATA[kind], **more}  # noqa: E731


@functools.cache
def _record(name):
    vae, x = model("real"), DATA["real"]
    models = {"one": vae, "other": vae}
    return {
        "calibration": lambda: evaluation.calibration(vae, x),
        "compare": lambda: evaluation.compare(models, x),
        "kl_per_dimension": lambda: evaluation.latent_usage(vae, x, draws=5),
        "out_of_distribution": lambda: evaluation.out_of_distribution(vae, x[:3], x),
        "posterior_predictive_check": lambda: evaluation.posterior_predictive_check(
            vae, x, np.mean, replicates=5
        ),
        "rate_distortion": lambda: evaluation.rate_distortion(models, x),
    }[name]()


def _closed(function):
    """Returns the function of a plot, which closes what it opened."""

    def draw(**given):
        try:
            drawn = function(**given)
        finally:
            plt.close("all")
        assert isinstance(drawn, (plt.Axes, plt.Figure))
        return

    return draw


def _plot(name, valid, **options):
    function = getattr(plotting, name)
    return Call(_closed(function), valid, of=function, **options)


CALLS = {
    "plotting.training": _plot(
        "training", lambda: {"history": {term: [1.0, 2.0] for term in _TERMS}}
    ),
    "plotting.reconstructions": _plot("reconstructions", _ROWS("real")),
    "plotting.samples": _plot("samples", lambda: {"vae": model("images"), "sample_size": 3}),
    "plotting.latent": _plot("latent", _ROWS("real", labels=fuzzed_models.LABELS)),
    "plotting.traversals": _plot("traversals", _ROWS("real", steps=3)),
    "plotting.interpolation": _plot("interpolation", _ROWS("images", steps=3)),
    **{
        f"plotting.{name}": _plot(name, lambda name=name, own=own: {own: _record(name)})
        for name, own in {
            "calibration": "calibrated", "compare": "comparison", "kl_per_dimension": "usage",
            "out_of_distribution": "scores", "posterior_predictive_check": "check",
            "rate_distortion": "points",
        }.items()
    },
}  # fmt: skip
