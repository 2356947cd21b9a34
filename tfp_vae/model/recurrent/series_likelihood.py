"""The likelihood of a variational RNN, of the innovations of all steps."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import shapes
from tfp_vae.distributions import MultivariateNormalDiag, RecurrentSeries
from tfp_vae.likelihoods import Likelihood
from tfp_vae.model.coders import Decoder, Transition


class SeriesLikelihood(Likelihood):
    """p(x|ε) of a series: a recurrent cell, p(z_t|h_{t-1}) and p(x_t|z_t, h_{t-1}).

    The innovation ε_t of a step makes its latents, z_t = loc + scale ε_t with loc and scale of
    p(z_t|h_{t-1}). It is the `Recurrence` of the distributions.

    Args:
      cell: A Keras recurrent cell, of inputs `[B, W + L]`: the encoded data of a step, and z_t.
      prior: From h_{t-1} to p(z_t|h_{t-1}).
      decoder: From z_t and h_{t-1}, concatenated, to p(x_t|z_t, h_{t-1}).
      time_steps: The number T of steps.
      **kwargs: The usual arguments of a Keras layer.
    """

    parameter_names = ()

    def __init__(
        self,
        cell: keras.layers.Layer,
        prior: Transition,
        decoder: Decoder,
        time_steps: int,
        **kwargs: Any,
    ) -> None:
        of_step = decoder.likelihood
        super().__init__([time_steps, *of_step.event_shape], **kwargs)
        self.cell, self.step_prior, self.step_decoder = cell, prior, decoder
        self.support, self.advice = of_step.support, of_step.advice
        self.encoding = of_step.input_encoding()

    @property
    def state_size(self) -> int:
        """The number L of latents of a step."""
        return int(self.step_prior.posterior.latent_size)

    @property
    def values_shape(self) -> tuple[int, ...]:
        """The shape of the data of a step."""
        return self.event_shape[1:]

    @property
    def hidden_size(self) -> int:
        """The width U of the hidden state."""
        return int(self.cell.output_size)

    @property
    def encoded_width(self) -> int:
        """The number W of entries of the encoded data of a step."""
        values = self.values_shape
        if self.encoding is None:
            return shapes.size_of(values)
        return shapes.size_of(self.encoding.compute_output_shape((None, *values))[1:])

    def build(self, features_shape: Sequence[int | None]) -> None:
        """Builds the networks of a step."""
        del features_shape
        if self.encoding is not None and not self.encoding.built:
            self.encoding.build((None, *self.values_shape))
        for layer, width in (
            (self.cell, self.encoded_width + self.state_size),
            (self.step_prior, self.hidden_size),
            (self.step_decoder, self.state_size + self.hidden_size),
        ):
            if not layer.built:
                layer.build((None, width))
        self.built = True

    def encoded(self, x: tf.Tensor) -> tf.Tensor:
        """Returns the data of steps as networks see them, `[..., W]`, of `[..., *values]`."""
        flat, restore = shapes.flatten_leading(x, len(self.values_shape))
        seen = flat if self.encoding is None else self.encoding(flat)
        return restore(tf.reshape(seen, [-1, self.encoded_width]))

    def first_state(self, rows: tf.Tensor) -> list[tf.Tensor]:
        """Returns the hidden state before the first step, 0, and the states of the cell."""
        dtype = self.cell.compute_dtype
        states = [tf.zeros([rows, size], dtype) for size in tf.nest.flatten(self.cell.state_size)]
        return [tf.zeros([rows, self.hidden_size], self.variable_dtype), *states]

    def next_state(self, state: list[tf.Tensor], x: tf.Tensor, z: tf.Tensor) -> list[tf.Tensor]:
        """Returns the state after a step with data `[N, *values]` and innovations `[N, L]`."""
        hidden, *states = state
        seen = tf.concat([self.encoded(x), self.latents(hidden, z)], axis=-1)
        packed = states
        if tf.nest.is_nested(self.cell.state_size):
            packed = tf.nest.pack_sequence_as(self.cell.state_size, states)
        output, after = self.cell(tf.cast(seen, self.cell.compute_dtype), packed, training=False)
        return [tf.cast(output, self.variable_dtype), *tf.nest.flatten(after)]

    def prior_of_steps(self, hidden: tf.Tensor) -> MultivariateNormalDiag:
        """Returns p(z_t|h_{t-1}) of hidden states `[..., U]`: batch `[...]`, event `[L]`."""
        prior: MultivariateNormalDiag = self.step_prior.of_tensors(hidden, training=False)
        return prior

    def latents(self, hidden: tf.Tensor, z: tf.Tensor) -> tf.Tensor:
        """Returns the latents of steps, `[..., L]`, of hidden states and innovations."""
        prior = self.prior_of_steps(hidden)
        return prior.loc + prior.scale.matvec(z)

    def of_steps(self, hidden: tf.Tensor, z: tf.Tensor) -> tfd.Distribution:
        """Returns p(x_t|z_t, h_{t-1}) of hidden states and innovations: event `[*values]`."""
        seen = tf.concat([self.latents(hidden, z), hidden], axis=-1)
        return self.step_decoder.of_tensors(seen, training=False)

    def call(self, features: tf.Tensor, *, added: Any = None) -> RecurrentSeries:
        """Returns the likelihood of innovations, `[..., T * L]`: batch `[...]`."""
        del added
        return self.distribution(features)

    def distribution(self, z: tf.Tensor) -> RecurrentSeries:
        """Returns the likelihood of innovations, of any number of steps, `[..., steps * L]`."""
        z = tf.cast(z, self.variable_dtype)
        size = self.state_size
        steps = z.shape[-1] // size
        by_step = tf.reshape(z, tf.concat([tf.shape(z)[:-1], [steps, size]], axis=0))
        by_step.set_shape([*z.shape[:-1], steps, size])
        return RecurrentSeries(
            by_step,
            self,
            self.of_steps,
            self.values_shape,
            self.step_decoder.likelihood.prediction,
        )

    def prediction(self, distribution: RecurrentSeries) -> tf.Tensor:
        """Returns the prediction of every step, given those before, `[B, T, *values]`."""
        return distribution.most_probable()

    def input_encoding(self) -> None:
        """Returns None: the networks of a step have an encoding of their own."""

    def fitted_to(
        self, distribution: RecurrentSeries, x: tf.Tensor, observed: tf.Tensor | None = None
    ) -> tfd.Distribution:
        """Returns the distribution by which training scores `x`, as the likelihood of a step does.

        Of one that fits a parameter to the batch, the steps have the states that `x` gives them.
        """
        of_step = self.step_decoder.likelihood
        if type(of_step).fitted_to is Likelihood.fitted_to:
            return distribution
        fitted = of_step.fitted_to(distribution.conditionals(x), x, observed)
        return tfd.Independent(fitted, reinterpreted_batch_ndims=1, validate_args=False)

    def of_observed(self, distribution: tfd.Distribution, observed: tf.Tensor) -> tfd.Distribution:
        """Returns the distribution of the first steps of every row, those that are observed.

        Args:
          distribution: p(x|ε), batch `[..., B]`, or what `fitted_to` returned.
          observed: A boolean tensor, `[B, T, *values]`.
        """
        seen = self.observed_steps(observed)
        if isinstance(distribution, RecurrentSeries):
            return distribution.of_observed(seen)
        value = self.support.inner_value
        masked = tfd.Masked(
            distribution.distribution, seen, safe_sample_fn=lambda each: tf.cast(value, each.dtype)
        )
        return tfd.Independent(masked, reinterpreted_batch_ndims=1, validate_args=False)

    def given_observed(
        self, distribution: RecurrentSeries, x: tf.Tensor, observed: tf.Tensor
    ) -> RecurrentSeries:
        """Returns the distribution of series that begin with the observed steps of `x`."""
        return distribution.given_observed(x, self.observed_steps(observed))

    def observed_steps(self, observed: tf.Tensor) -> tf.Tensor:
        """Returns which steps are observed, `[B, T]`, of `[B, T, *values]`."""
        return tf.reduce_all(observed, axis=list(range(2, 2 + len(self.values_shape))))

    def check_rows(
        self, x: np.ndarray, observed_in: Callable[[np.ndarray], np.ndarray] | None, name: str
    ) -> None:
        """Checks that values are missing only in whole steps at the end of a series."""
        if observed_in is None:
            return
        x = np.asarray(x)
        seen = np.asarray(observed_in(x)).reshape([*x.shape[:2], -1])
        whole = np.asarray(seen.all(axis=-1))
        after_gap = np.zeros_like(whole)
        after_gap[:, 1:] = whole[:, 1:] & ~whole[:, :-1]
        wrong = after_gap | (seen.any(axis=-1) & ~whole)
        if wrong.any():
            where = [int(axis[0]) for axis in np.nonzero(wrong)]
            raise ValueError(
                f"`{name}` must have missing values only in whole steps at the end of a series, "
                "since the state of a variational RNN carries every value to all later steps; got "
                f"others at index {where}."
            )
