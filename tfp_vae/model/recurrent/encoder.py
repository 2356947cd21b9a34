"""The encoder of a variational RNN, which sees a step and the state before it."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from tfp_vae.distributions import MultivariateNormalDiag, RecurrentNormal
from tfp_vae.model.coders import Encoder, Transition
from tfp_vae.model.recurrent.series_likelihood import SeriesLikelihood
from tfp_vae.posteriors import Posterior


class InnovationPosterior(Posterior):
    """The posterior of the innovations of all steps.

    Args:
      step: From the encoded data of a step and h_{t-1}, concatenated, to q(ε_t|h_{t-1}, x_t).
      series: The likelihood, which has the recurrent cell and p(z_t|h_{t-1}).
      **kwargs: The usual arguments of a Keras layer.
    """

    parameter_names = ()

    def __init__(self, step: Transition, series: SeriesLikelihood, **kwargs: Any) -> None:
        super().__init__(series.event_shape[0] * series.state_size, **kwargs)
        self.step = step
        # In a function, so that Keras tracks the layers of the likelihood there alone.
        self._series: Callable[[], SeriesLikelihood] = lambda: series

    def build(self, features_shape: Any) -> None:
        """Builds the network of a step."""
        del features_shape
        series = self._series()
        if not self.step.built:
            self.step.build((None, series.encoded_width + series.hidden_size))
        self.built = True

    def of_steps(self, hidden: tf.Tensor, x: tf.Tensor) -> MultivariateNormalDiag:
        """Returns q(ε_t|h_{t-1}, x_t) of hidden states and data of steps: event `[L]`."""
        seen = tf.concat([self._series().encoded(x), hidden], axis=-1)
        q: MultivariateNormalDiag = self.step.of_tensors(seen, training=False)
        return q

    def distribution(self, x: tf.Tensor, observed: tf.Tensor | None = None) -> RecurrentNormal:
        """Returns the posterior of series `[B, T, *values]`, and of what is observed of them."""
        series = self._series()
        seen = None if observed is None else series.observed_steps(observed)
        x = tf.cast(x, self.variable_dtype)
        return RecurrentNormal(x, series, self.of_steps, series.state_size, seen)

    def point(self, distribution: RecurrentNormal) -> tf.Tensor:
        """Returns the mean of every step given those before, `[B, T * L]`."""
        return distribution.point()


class RecurrentEncoder(Encoder):
    """From series to the posterior of their innovations.

    Args:
      posterior: The posterior.
      **kwargs: The usual arguments of a Keras layer.
    """

    def __init__(self, posterior: InnovationPosterior, **kwargs: Any) -> None:
        super().__init__(keras.layers.Identity(), posterior, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Builds the posterior for inputs `[batch, T, *values]`."""
        self.sizes_in = tuple(input_shape)[1:]
        self.input_spec = keras.layers.InputSpec(shape=(None, *self.sizes_in))
        self.posterior.build(None)
        self.built = True

    def call(self, x: Any, observed: Any = None, training: bool | None = None) -> RecurrentNormal:
        """Returns the posterior of every row: batch `[B]`, event `[T * L]`."""
        del training
        posterior: RecurrentNormal = self.posterior.distribution(x, observed)
        return posterior
