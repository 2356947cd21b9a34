"""The model that the options of `tfp-vae train` describe."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from tfp_vae import VAE, objectives, priors
from tfp_vae_cli.actions.inputs import Dataset
from tfp_vae_cli.train_options import ObjectiveName, PriorName, TrainOptions

_WEIGHT_DECAY = 0.1
_MIXED = 10
_PSEUDO_INPUTS = 100
_IMPORTANCE_SAMPLES = 10
_MMD_WEIGHT = 10.0

OBJECTIVES: dict[ObjectiveName, Callable[[int], objectives.Objective]] = {
    ObjectiveName.elbo: lambda _: objectives.ELBO(),
    ObjectiveName.iwae: lambda _: objectives.IWAE(_IMPORTANCE_SAMPLES),
    ObjectiveName.beta_tcvae: objectives.BetaTCVAE,
    ObjectiveName.info_vae: lambda _: objectives.InfoVAE(_MMD_WEIGHT),
}
"""The objectives for a number of rows."""

PRIORS: dict[PriorName, Callable[[], priors.Prior]] = {
    PriorName.standard_normal: priors.StandardNormal,
    PriorName.mixture_of_gaussians: lambda: priors.MixtureOfGaussians(_MIXED),
    PriorName.vamp_prior: lambda: priors.VampPrior(_PSEUDO_INPUTS),
    PriorName.masked_autoregressive_flow: priors.MaskedAutoregressiveFlow,
    PriorName.real_nvp: priors.RealNVP,
}


def compiled_model(dataset: Dataset, options: TrainOptions) -> VAE:
    """Makes and compiles a model for data.

    Raises:
      TypeError: If the data does not suit.
      ValueError: If the data or an option does not.
    """
    arguments: dict[str, Any] = {
        "latent_size": options.latent_size,
        "likelihood": options.likelihood_of_all,
        "prior": PRIORS[options.prior](),
        "objective": OBJECTIVES[options.objective](len(dataset.x)),
        "hidden_layer_sizes": options.hidden_layer_sizes,
        "conv": options.conv,
        "verbose": 0,
    }
    if dataset.table is None or dataset.schema is None:
        given = [*options.kinds, *options.likelihoods]
        if given:
            raise ValueError(
                "--likelihood COLUMN=NAME must be for a table with names of columns; got it for "
                f"{given[0]!r}."
            )
        vae = VAE.for_data(np.asarray(dataset.x), **arguments)
    else:
        likelihood = arguments["likelihood"] or options.likelihoods
        vae = VAE.for_data(
            dataset.table.frame, **{**arguments, "likelihood": likelihood}, schema=dataset.schema
        )
    vae.compile(keras.optimizers.AdamW(options.learning_rate, weight_decay=_WEIGHT_DECAY))
    return vae
