"""Strategies of objectives, and of the schedules that their weights follow."""

from typing import Any

import keras
from hypothesis import strategies as st

from tfp_vae import objectives as kinds_of_objective
from tfp_vae import posteriors, priors
from tfp_vae.testing.strategies.building import builds

SCHEDULES: dict[type, st.SearchStrategy] = {
    kinds_of_objective.LinearWarmUp: builds(
        kinds_of_objective.LinearWarmUp,
        steps=st.integers(1, 50),
        start=st.floats(0.0, 1.0),
        end=st.floats(0.0, 4.0),
    ),
}

_KL_WEIGHTS = st.one_of(
    st.floats(0.0, 4.0),
    *SCHEDULES.values(),
    builds(
        keras.optimizers.schedules.PolynomialDecay,
        initial_learning_rate=st.just(0.1),
        decay_steps=st.integers(1, 50),
        end_learning_rate=st.just(1.0),
    ),
)

OBJECTIVES: dict[type, st.SearchStrategy] = {
    kinds_of_objective.BetaTCVAE: builds(
        kinds_of_objective.BetaTCVAE,
        data_size=st.integers(5, 50),
        total_correlation_weight=st.floats(0.0, 10.0),
        mutual_information_weight=st.floats(0.0, 4.0),
        dimension_wise_kl_weight=st.floats(0.0, 4.0),
        aggregate_estimator=st.sampled_from(["minibatch_weighted", "minibatch_stratified"]),
        sample_size=st.integers(1, 3),
    ),
    kinds_of_objective.ELBO: builds(
        kinds_of_objective.ELBO,
        kl_weight=_KL_WEIGHTS,
        free_bits=st.sampled_from([0.0, 0.1, 1.0]),
        sample_size=st.integers(1, 3),
        gradient_estimator=st.sampled_from(["standard", "sticking_the_landing"]),
    ),
    kinds_of_objective.InfoVAE: builds(
        kinds_of_objective.InfoVAE,
        mmd_weight=st.floats(0.0, 100.0),
        kl_weight=st.floats(0.0, 4.0),
        bandwidth=st.sampled_from([None, 0.5, 2.0]),
        sample_size=st.integers(1, 3),
    ),
    kinds_of_objective.IWAE: builds(
        kinds_of_objective.IWAE,
        importance_sample_size=st.integers(1, 4),
        gradient_estimator=st.sampled_from(["standard", "doubly_reparameterized", "resampled"]),
    ),
}


def _suits(objective: Any, posterior: Any, prior: Any) -> bool:
    """Tells whether an objective can be trained with a posterior and a prior.

    Free bits and the decomposed KL ask for independent latents, and the discrepancy of the
    aggregate posterior for a prior whose draws have a gradient, which those of mixtures have not.
    """
    independent = type(posterior) is posteriors.MultivariateNormalDiag and type(prior) in (
        priors.Normal,
        priors.StandardNormal,
    )
    free_bits: float = getattr(objective, "free_bits", 0.0)
    if isinstance(objective, kinds_of_objective.BetaTCVAE) or free_bits:
        return independent
    mixture = type(prior) in (priors.MixtureOfGaussians, priors.VampPrior)
    return not (isinstance(objective, kinds_of_objective.InfoVAE) and mixture)


def objectives(posterior: Any = None, prior: Any = None) -> st.SearchStrategy:
    """Draws an objective, with weights and sample sizes of all sorts.

    Args:
      posterior: What it must be able to train; without one, any objective.
      prior: The prior of that posterior.

    Returns:
      A strategy of `tfp_vae.objectives.Objective`.

    Example:
      >>> from hypothesis import find
      >>> from tfp_vae.testing import strategies
      >>> drawn = find(strategies.objectives(), lambda objective: True)
      >>> isinstance(drawn, objectives.Objective)
      True
    """
    every = st.one_of(*OBJECTIVES.values())
    if posterior is None and prior is None:
        return every
    return every.filter(lambda objective: _suits(objective, posterior, prior))
