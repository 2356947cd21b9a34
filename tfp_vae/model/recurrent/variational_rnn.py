"""The variational recurrent network: latents of every step, and a state that carries the past."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, networks, posteriors, seeds
from tfp_vae.distributions import MultivariateNormalDiag
from tfp_vae.likelihoods import Likelihood
from tfp_vae.model.coders import Decoder, Transition
from tfp_vae.model.forecasting import Forecast, forecast
from tfp_vae.model.recurrent.encoder import InnovationPosterior, RecurrentEncoder
from tfp_vae.model.recurrent.forecasting import recurrent_forecast
from tfp_vae.model.recurrent.series_likelihood import SeriesLikelihood
from tfp_vae.model.vae import VAE
from tfp_vae.objectives import Objective


class RecurrentSteps(NamedTuple):
    """The distributions of every step of series, along one draw from the posterior.

    Attributes:
      z: The latents z_t, `[B, T, L]`.
      hidden: The recurrent state h_{t-1} before every step, `[B, T, U]`.
      prior: p(z_t|h_{t-1}), batch `[B, T]`, event `[L]`.
      posterior: q(z_t|h_{t-1}, x_t), batch `[B, T]`, event `[L]`; where a step is missing, the
        prior.
      likelihood: p(x_t|z_t, h_{t-1}), batch `[B, T]`, event `[*values]`.
    """

    z: tf.Tensor
    hidden: tf.Tensor
    prior: tfd.Distribution
    posterior: tfd.Distribution
    likelihood: tfd.Distribution


@keras.saving.register_keras_serializable(package="tfp_vae")
class VariationalRNN(VAE):
    """A variational RNN: every step has latents, and a recurrent state carries the steps before.

    Each step has a prior p(z_t|h_{t-1}), a likelihood p(x_t|z_t, h_{t-1}) and a posterior
    q(z_t|h_{t-1}, x_t), and the state is h_t = f(x_t, z_t, h_{t-1}), of a recurrent cell. In a
    `StateSpaceVAE` the latents alone carry the past; here prior and likelihood see the data of all
    steps before. The posterior sees the data up to its own step: it filters.

    The latents of the model are the innovations ε_t = (z_t - loc) / scale, with the loc and scale
    of p(z_t|h_{t-1}), those of all steps in a row, the first one first. Their prior is the standard
    normal, and a change of variables leaves every bound as it is. So every objective and every
    estimate of a `VAE` applies; `vae.steps(x)` returns the distributions of the z_t, and
    `vae.forecast(x, steps)` says what follows.

    It takes data as it comes, and is not `adaptive`: bring series to mean 0 and variance 1 first.
    The networks see class codes as one-hot vectors and counts through log1p. They run as outside
    training, without dropout. Series that end early are padded with `missing_values`.

    Args:
      cell: A Keras recurrent cell, such as `keras.layers.GRUCell(32)`. Its inputs are x_t and z_t;
        its state begins at 0.
      encoder: A `Transition` from x_t and h_{t-1}, concatenated, to q(ε_t|h_{t-1}, x_t), a
        `posteriors.MultivariateNormalDiag`; q(z_t|h_{t-1}, x_t) is loc + scale ε_t.
      decoder: A `Decoder` from z_t and h_{t-1}, concatenated, to p(x_t|z_t, h_{t-1}), of one step.
      prior: A `Transition` from h_{t-1} to p(z_t|h_{t-1}), a `posteriors.MultivariateNormalDiag`.
      time_steps: The number T of steps of a row; `forecast` goes beyond.
      objective: What training maximises; by default the evidence lower bound (ELBO).
      missing_values: As of `VAE`; only whole steps at the end of a series may be missing.
      **kwargs: The usual arguments of a Keras model.

    Raises:
      TypeError: If a part is not of its kind.
      ValueError: If the parts do not fit, or an argument of `VAE` is given that does not apply: a
        condition, a preprocess or corruption layer, labels.

    Example:
      >>> vae = tfp_vae.VariationalRNN.from_gru(
      ...     likelihoods.Normal([1]), time_steps=5, state_size=2, units=4)
      >>> series = np.zeros([3, 5, 1])
      >>> vae.elbo(series, seed=0).elbo.shape, vae.forecast(series, steps=7, seed=0).mean.shape
      (TensorShape([3]), (3, 7, 1))

    Source: Chung et al. (2015), "A recurrent latent variable model for sequential data".
    """

    def __init__(
        self,
        cell: keras.layers.Layer,
        encoder: Transition,
        decoder: Decoder,
        prior: Transition,
        time_steps: int,
        objective: Objective | None = None,
        missing_values: float | None = None,
        **kwargs: Any,
    ) -> None:
        _check_cell(cell)
        of_latents = "tfp_vae.Transition(trunk, posteriors.MultivariateNormalDiag(4))"
        for name, part in (("encoder", encoder), ("prior", prior)):
            checks.instance_of(part, Transition, name, of_latents)
            if not isinstance(part.posterior, posteriors.MultivariateNormalDiag):
                raise ValueError(
                    f"`{name}` must have a posteriors.MultivariateNormalDiag; got a "
                    f"{type(part.posterior).__name__}."
                )
        if encoder.posterior.latent_size != prior.posterior.latent_size:
            raise ValueError(
                f"`encoder` must have the {prior.posterior.latent_size} latents of `prior`; got "
                f"{encoder.posterior.latent_size}."
            )
        checks.instance_of(decoder, Decoder, "decoder", "tfp_vae.Decoder(trunk, likelihood)")
        _check_likelihood(decoder.likelihood)
        steps = checks.positive_int(time_steps, "time_steps")
        if kwargs.setdefault("adaptive", False):
            raise ValueError(
                "`adaptive` must be False in a variational RNN, whose networks are the same for "
                "all steps; got True."
            )
        for name in ("preprocess", "condition", "corruption", "classification_weight"):
            if kwargs.get(name) is not None:
                raise ValueError(
                    f"`{name}` must be None in a variational RNN; got a "
                    f"{type(kwargs[name]).__name__}."
                )
        policy = decoder.likelihood.dtype_policy
        series = SeriesLikelihood(cell, prior, decoder, steps, dtype=policy)
        series.build((None, None))
        super().__init__(
            RecurrentEncoder(InnovationPosterior(encoder, series, dtype=policy), dtype=policy),
            Decoder(keras.layers.Identity(dtype=policy), series, dtype=policy),
            objective=objective,
            missing_values=missing_values,
            **kwargs,
        )

    @classmethod
    def from_gru(
        cls,
        likelihood: Likelihood,
        time_steps: int,
        state_size: int = 4,
        units: int = 32,
        **kwargs: Any,
    ) -> "VariationalRNN":
        """Makes a model with a gated recurrent unit, and networks with one hidden layer.

        Args:
          likelihood: p(x_t|z_t, h_{t-1}) of one step, such as `likelihoods.Normal([1])`.
          time_steps: The number of steps of a row.
          state_size: The number of latents of every step.
          units: The width of the recurrent state, and of every hidden layer.
          **kwargs: Further arguments of `VariationalRNN`.

        Returns:
          The model.

        Raises:
          TypeError: If an argument is of the wrong kind.
          ValueError: If a number is not positive.
        """
        checks.instance_of(likelihood, Likelihood, "likelihood", "likelihoods.Normal([1])")
        size = checks.positive_int(state_size, "state_size")
        width = checks.positive_int(units, "units")
        encoder, prior = (
            Transition(networks.mlp([width], "tanh"), posteriors.MultivariateNormalDiag(size))
            for _ in range(2)
        )
        decoder = Decoder(networks.mlp([width], "tanh"), likelihood)
        return cls(keras.layers.GRUCell(width), encoder, decoder, prior, time_steps, **kwargs)

    @property
    def distribution_layers(self) -> dict[str, keras.layers.Layer]:
        """The layers that return distributions over latents, by their names in errors."""
        series = self.decoder.likelihood
        return {
            "encoder": self.encoder.posterior.step.posterior,
            "prior": series.step_prior.posterior,
        }

    def steps(self, x: Any, seed: seeds.Seed = None) -> RecurrentSteps:
        """Returns the distributions of every step of series, along one draw from the posterior.

        The KL of a step, `tfd.kl_divergence(steps.posterior, steps.prior)`, in nats, `[B, T]`, is
        what its data say beyond what the steps before foretold.

        Args:
          x: Series, `[B, T, *values]`.
          seed: An int, a `[2]` integer tensor, or None for a fresh seed.

        Returns:
          `RecurrentSteps`: the latents, the recurrent states, and the distributions.

        Raises:
          TypeError: If `x` or `seed` is of the wrong kind.
          ValueError: If `x` does not fit the model.

        Example:
          >>> vae = tfp_vae.VariationalRNN.from_gru(
          ...     likelihoods.Normal([1]), time_steps=5, state_size=2, units=4)
          >>> steps = vae.steps(np.zeros([3, 5, 1]), seed=0)
          >>> tfd.kl_divergence(steps.posterior, steps.prior).shape
          TensorShape([3, 5])
        """
        batch = self.distributions(x)
        posterior, series = batch.posterior, self.decoder.likelihood
        drawn = posterior.sample(seed=seeds.as_seed(seed))
        hidden, q = posterior.hidden(drawn), posterior.conditionals(drawn)
        innovations = tf.reshape(drawn, tf.concat([tf.shape(hidden)[:-1], [-1]], axis=0))
        innovations.set_shape([*hidden.shape[:-1], series.state_size])
        prior = series.prior_of_steps(hidden)
        return RecurrentSteps(
            z=prior.loc + prior.scale.matvec(innovations),
            hidden=hidden,
            prior=prior,
            posterior=MultivariateNormalDiag(
                prior.loc + prior.scale.matvec(q.loc),
                prior.scale.diag_part() * q.scale.diag_part(),
            ),
            likelihood=series.of_steps(hidden, innovations),
        )

    def forecast(
        self,
        x: Any,
        steps: int,
        sample_size: int = 100,
        seed: seeds.Seed = None,
        condition: Any = None,
    ) -> Forecast:
        """Forecasts what follows series: its mean, standard deviation and draws.

        The latents of a series are drawn from q(z|x); from then on each step is drawn from its
        prior and its likelihood, and carried on by the recurrent state. What is missing at the end
        of a series is drawn in the same way first.

        Args:
          x: Series, `[N, T, *values]`.
          steps: The number of steps H to forecast, of any length.
          sample_size: The number of draws for every series.
          seed: An int, a `[2]` integer tensor, or None for a fresh seed.
          condition: None.

        Returns:
          `Forecast`: arrays `mean` and `stddev`, `[N, H, *values]`, estimated by the draws, and
          `draws`, `[sample_size, N, H, *values]`. Class codes have no mean: use `draws`.

        Raises:
          TypeError: If an argument is of the wrong kind.
          ValueError: If `x` does not fit the model, or a size is not positive.

        Example:
          >>> vae = tfp_vae.VariationalRNN.from_gru(likelihoods.Poisson([2]), 4, units=4)
          >>> vae.forecast(np.ones([3, 4, 2]), steps=2, sample_size=10, seed=0).draws.shape
          (10, 3, 2, 2)
        """
        sizes = (
            checks.positive_int(steps, "steps"),
            checks.positive_int(sample_size, "sample_size"),
        )
        compiled = self.compiled_function(recurrent_forecast)
        return forecast(self, compiled, x, *sizes, seeds.as_seed(seed), condition)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal model, untrained."""
        return {**super().get_config(), "time_steps": self.event_shape[0]}

    def _parts_config(self) -> dict[str, Any]:
        series = self.decoder.likelihood
        return {
            "cell": series.cell,
            "encoder": self.encoder.posterior.step,
            "decoder": series.step_decoder,
            "prior": series.step_prior,
        }


def _check_cell(cell: Any) -> None:
    """Checks that a layer is a recurrent cell whose output is a vector."""
    example = "keras.layers.GRUCell(32)"
    checks.instance_of(cell, keras.layers.Layer, "cell", example)
    sizes = [getattr(cell, name, None) for name in ("output_size", "state_size")]
    if any(not isinstance(size, int) for size in tf.nest.flatten(sizes)):
        raise TypeError(
            f"`cell` must be a Keras recurrent cell, with an output_size and a state_size, such as "
            f"{example}; got a {type(cell).__name__}."
        )


def _check_likelihood(likelihood: Likelihood) -> None:
    """Checks that the likelihood of a step depends on nothing but its latents and the state."""
    if likelihood.conditional or likelihood.offsets is not None:
        raise ValueError(
            "`decoder` must have a likelihood without offset and without dispersion='condition' in "
            f"a variational RNN; got a {type(likelihood).__name__} with one."
        )
