"""State-space models: series of data, each step of which has latents of its own."""

from typing import Any

import keras

from tfp_vae import checks, networks, posteriors, priors, shapes
from tfp_vae.likelihoods import Likelihood
from tfp_vae.model.coders import Decoder, Encoder
from tfp_vae.model.forecasting import check_forecasts
from tfp_vae.model.vae import VAE
from tfp_vae.objectives import Objective
from tfp_vae.priors import Process

_INFERENCES = ("smoothing", "filtering")


@keras.saving.register_keras_serializable(package="tfp_vae")
class StateSpaceVAE(VAE):
    """A variational autoencoder of series: a state for each step, and data that depend on it.

    The model is p(z₁) p(z₂|z₁) … p(x₁|z₁) p(x₂|z₂) …: states that move by one transition, and one
    decoder for all steps. With `priors.DeepMarkovChain` it is the deep Markov model, with
    `priors.LinearMarkovChain` and a linear decoder the linear-Gaussian state-space model, and with
    `priors.GaussianProcess` the GP-VAE. The latents of a series are the states of all its steps,
    the first one first, so that every objective and every estimate of a `VAE` applies;
    `vae.forecast(x, steps)` says what follows.

    It takes data as it comes, and is not `adaptive`: bring series to mean 0 and variance 1 first.
    With `missing_values` steps may be missing, as at the end of a series that is padded, and the
    encoder sees which are; `vae.impute` then completes series.

    Args:
      encoder: From series `[B, T, *values]` to the posterior of all states, such as
        `posteriors.LinearMarkovChain`.
      decoder: From all states, `[B, T * L]`, to the likelihood of `[T, *values]`, every step by
        itself and all alike: a trunk that begins with `keras.layers.Reshape([T, L])`, and dense
        layers.
      prior: The process of the states, such as `priors.DeepMarkovChain(time_steps=T)`.
      objective: What training maximises; by default the evidence lower bound (ELBO).
      missing_values: As of `VAE`.
      **kwargs: Further arguments of `VAE`, but no `preprocess`, and `adaptive` is False.

    Raises:
      TypeError: If a part is not of its kind.
      ValueError: If the parts do not fit, as of `VAE`, or the decoder sees more of a step than its
        state.

    Example:
      >>> vae = tfp_vae.StateSpaceVAE.from_gru(likelihoods.Normal([5, 1]), state_size=2, units=4)
      >>> series = np.zeros([3, 5, 1])
      >>> vae.elbo(series, seed=0).elbo.shape, vae.forecast(series, steps=7, seed=0).mean.shape
      (TensorShape([3]), (3, 7, 1))

    Source: Krishnan et al. (2017), "Structured inference networks for nonlinear state space
    models"; Fortuin et al. (2020), "GP-VAE: deep probabilistic time series imputation".
    """

    def __init__(
        self,
        encoder: Encoder,
        decoder: Decoder,
        prior: Process,
        objective: Objective | None = None,
        missing_values: float | None = None,
        **kwargs: Any,
    ) -> None:
        checks.instance_of(encoder, Encoder, "encoder", "tfp_vae.Encoder(trunk, posterior)")
        checks.instance_of(decoder, Decoder, "decoder", "tfp_vae.Decoder(trunk, likelihood)")
        checks.instance_of(prior, Process, "prior", "priors.DeepMarkovChain(time_steps=20)")
        if kwargs.setdefault("adaptive", False):
            raise ValueError(
                "`adaptive` must be False in a state-space model, whose decoder is the same for "
                "all steps; got True."
            )
        if missing_values is not None and not encoder.built:
            _show_which_are_observed(encoder, decoder.likelihood, kwargs.get("condition"))
        super().__init__(
            encoder, decoder, prior, objective, missing_values=missing_values, **kwargs
        )
        check_forecasts(self)

    @classmethod
    def from_gru(
        cls,
        likelihood: Likelihood,
        state_size: int = 4,
        units: int = 32,
        prior: Process | None = None,
        inference: str = "smoothing",
        **kwargs: Any,
    ) -> "StateSpaceVAE":
        """Makes a model with a recurrent encoder, and a decoder with one hidden layer.

        Args:
          likelihood: p(x|z) of a whole series, of event shape `[T, *values]`.
          state_size: The number of latents of every step.
          units: The width of the recurrent layer, in each direction, and of the hidden layer.
          prior: The process of the states; by default `priors.DeepMarkovChain`.
          inference: "smoothing", by which the posterior of a state sees the whole series, or
            "filtering", by which it sees the steps up to its own.
          **kwargs: Further arguments of `StateSpaceVAE`.

        Returns:
          The model.

        Raises:
          TypeError: If an argument is of the wrong kind.
          ValueError: If a number is not positive, `inference` unknown, or the likelihood has no
            axis besides that of time.
        """
        checks.instance_of(likelihood, Likelihood, "likelihood", "likelihoods.Normal([20, 1])")
        if len(likelihood.event_shape) < 2:
            raise ValueError(
                "`likelihood` must have an event shape [time_steps, ...], such as [20, 1] for "
                f"single numbers; got {list(likelihood.event_shape)}."
            )
        steps = likelihood.event_shape[0]
        size = checks.positive_int(state_size, "state_size")
        width = checks.positive_int(units, "units")
        checks.one_of(inference, _INFERENCES, "inference")
        # XLA has no cuDNN.
        recurrent: keras.layers.Layer = keras.layers.GRU(
            width, return_sequences=True, use_cudnn=False
        )
        if inference == "smoothing":
            recurrent = keras.layers.Bidirectional(recurrent)
        return cls(
            Encoder(
                keras.Sequential([keras.layers.Reshape([steps, -1]), recurrent]),
                posteriors.LinearMarkovChain(steps, size),
            ),
            Decoder(
                keras.Sequential(
                    [keras.layers.Reshape([steps, size]), keras.layers.Dense(width, "tanh")]
                ),
                likelihood,
            ),
            priors.DeepMarkovChain(steps, [width]) if prior is None else prior,
            **kwargs,
        )


def _show_which_are_observed(
    encoder: Encoder, likelihood: Likelihood, condition: keras.layers.Layer | None
) -> None:
    """Lets the trunk see which values are observed, as further entries of the last axis."""
    if condition is not None:
        raise ValueError(
            "`condition` must be None in a state-space model with missing values; got a "
            f"{type(condition).__name__}."
        )
    encoding = networks.Standardization(likelihood.event_shape, dtype=encoder.dtype_policy)
    exposed = int(likelihood.takes_exposure)
    encoder.take_input_encoding(encoding, condition_width=exposed, sees_mask=True)
    *steps, width = shapes.as_shape(likelihood.event_shape, "event_shape")
    encoder.build((None, *steps, width + exposed))
