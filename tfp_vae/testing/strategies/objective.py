"""Strategies of objectives, and of the schedules that their weights follow."""

import math

import keras
from hypothesis import strategies as st

from tfp_vae import objectives as kinds_of_objective
from tfp_vae import posteriors, priors, supports
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
    kinds_of_objective.CIWAE: builds(
        kinds_of_objective.CIWAE,
        elbo_weight=st.floats(0.0, 1.0),
        importance_sample_size=st.integers(1, 4),
    ),
    kinds_of_objective.CapacityELBO: builds(
        kinds_of_objective.CapacityELBO,
        capacity=st.one_of(st.floats(0.0, 25.0), *SCHEDULES.values()),
        weight=st.floats(0.0, 10.0),
        sample_size=st.integers(1, 3),
    ),
    kinds_of_objective.ControlVAE: builds(
        kinds_of_objective.ControlVAE,
        kl_target=st.one_of(st.floats(0.0, 25.0), *SCHEDULES.values()),
        proportional_gain=st.floats(0.0, 0.1),
        integral_gain=st.floats(0.0, 0.1),
        least_weight=st.floats(0.0, 1.0),
        sample_size=st.integers(1, 3),
    ),
    kinds_of_objective.DIPVAE: builds(
        kinds_of_objective.DIPVAE,
        off_diagonal_weight=st.floats(0.0, 10.0),
        diagonal_weight=st.floats(0.0, 10.0),
        covariance=st.sampled_from(["posterior_means", "aggregate_posterior"]),
        sample_size=st.integers(1, 3),
    ),
    kinds_of_objective.ELBO: st.one_of(
        builds(
            kinds_of_objective.ELBO,
            kl_weight=_KL_WEIGHTS,
            free_bits=st.sampled_from([0.0, 0.1, 1.0]),
            sample_size=st.integers(1, 3),
            gradient_estimator=st.sampled_from(
                ["standard", "sticking_the_landing", "score_function", "straight_through"]
            ),
        ),
        builds(
            kinds_of_objective.ELBO,
            kl_weight=_KL_WEIGHTS,
            free_bits=st.sampled_from([0.0, 0.1, 1.0]),
            sample_size=st.integers(1, 3),
            gradient_estimator=st.just("score_function"),
            baseline=st.just("learned"),
        ),
    ),
    kinds_of_objective.FactorVAE: builds(
        kinds_of_objective.FactorVAE,
        total_correlation_weight=st.floats(0.0, 10.0),
        units=st.sampled_from([[], [3], [4, 2]]),
        learning_rate=st.floats(1e-4, 1e-2),
        sample_size=st.integers(1, 3),
    ),
    kinds_of_objective.HamiltonianELBO: builds(
        kinds_of_objective.HamiltonianELBO,
        leapfrog_steps=st.integers(0, 2),
        step_size=st.sampled_from([0.01, 0.2]),
        inverse_temperature=st.sampled_from([0.3, 1.0]),
        sample_size=st.integers(1, 3),
    ),
    kinds_of_objective.InfoVAE: builds(
        kinds_of_objective.InfoVAE,
        mmd_weight=st.floats(0.0, 100.0),
        kl_weight=st.floats(0.0, 4.0),
        bandwidth=st.sampled_from([None, 0.5, 2.0]),
        sample_size=st.integers(1, 3),
        kernel=st.sampled_from(["gaussian", "inverse_multiquadric"]),
    ),
    kinds_of_objective.IWAE: st.one_of(
        builds(
            kinds_of_objective.IWAE,
            importance_sample_size=st.integers(1, 4),
            gradient_estimator=st.sampled_from(["standard", "doubly_reparameterized", "resampled"]),
            sample_size=st.integers(1, 2),
        ),
        builds(
            kinds_of_objective.IWAE,
            importance_sample_size=st.integers(2, 4),
            gradient_estimator=st.just("vimco"),
            sample_size=st.integers(1, 2),
        ),
    ),
    kinds_of_objective.PIWAE: builds(
        kinds_of_objective.PIWAE,
        importance_sample_size=st.sampled_from([2, 4, 6]),
        encoder_importance_sample_size=st.sampled_from([1, 2]),
    ),
    kinds_of_objective.Renyi: builds(
        kinds_of_objective.Renyi,
        alpha=st.sampled_from([-math.inf, -1.0, 0.0, 0.5, 1.0, 2.0, math.inf]),
        importance_sample_size=st.integers(1, 4),
    ),
}


_INDEPENDENT = (
    (posteriors.Beta, priors.Beta),
    (posteriors.Gamma, priors.Gamma),
    (posteriors.MultivariateNormalDiag, priors.Normal),
    (posteriors.MultivariateNormalDiag, priors.StandardNormal),
)
"""The pairs whose latents are independent, and whose KL is known for each."""

_WITH_MOMENTS = (
    posteriors.MultivariateNormalDiag,
    posteriors.MultivariateNormalDiagPlusLowRank,
    posteriors.MultivariateNormalTriL,
)


def _suits(
    objective: kinds_of_objective.Objective,
    posterior: posteriors.Posterior | None,
    prior: priors.Prior | None,
) -> bool:
    """Returns whether an objective can be trained with a posterior and a prior.

    Where latents are summed over, only objectives of single rows can be. Free bits and the
    decomposed KL need independent latents; the discrepancy of the aggregate posterior needs a prior
    with reparameterized draws, which mixtures and codes do not have; the covariance of the latents
    must be known in closed form; Hamiltonian trajectories would leave a part of the real numbers.
    """
    categorical = posterior is not None and posterior.summed
    if objective.draws_categories and not categorical:
        return False
    if categorical:
        return objective.rows_are_independent and not objective.learns_across_rows
    independent = (type(posterior), type(prior)) in _INDEPENDENT
    free_bits: float = getattr(objective, "free_bits", 0.0)
    if isinstance(objective, kinds_of_objective.BetaTCVAE) or free_bits:
        return independent
    if isinstance(objective, kinds_of_objective.HamiltonianELBO) and posterior is not None:
        return posterior.latent_space == supports.REAL_VECTORS
    if isinstance(objective, kinds_of_objective.DIPVAE) and posterior is not None:
        return isinstance(posterior, _WITH_MOMENTS)
    without_gradient = (priors.MixtureOfGaussians, priors.VampPrior, priors.VectorQuantized)
    no_draws = type(prior) in without_gradient
    return not (isinstance(objective, kinds_of_objective.InfoVAE) and no_draws)


def objectives(
    posterior: posteriors.Posterior | None = None, prior: priors.Prior | None = None
) -> st.SearchStrategy:
    """Draws an objective with various weights and sample sizes.

    Args:
      posterior: The posterior to train; without one, any objective is drawn.
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
