"""A sequence of class codes, each with a distribution given those before it."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd
from tensorflow_probability import util as tfp_util

from tfp_vae import stateless_random
from tfp_vae.distributions.draws import DrawsFromNoise


class StepNetwork(Protocol):
    """What an `AutoregressiveCategorical` needs of its network, such as `networks.NextCode`.

    Attributes:
      classes: The number of classes K.
      begin: The code that stands before the first one.
      unknown: The code that stands for one that is not known.
    """

    classes: int

    @property
    def begin(self) -> int:
        """The code that stands before the first one."""

    @property
    def unknown(self) -> int:
        """The code that stands for one that is not known."""

    def __call__(self, previous: tf.Tensor, context: tf.Tensor) -> tf.Tensor:
        """Returns the logits `[N, T, K]` of all steps, of the codes before them, `[N, T]`."""

    def first_state(self, context: tf.Tensor) -> tf.Tensor:
        """Returns the state before the first code, `[N, ...]`."""

    def step(
        self, previous: tf.Tensor, state: tf.Tensor, context: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the logits `[N, K]` of one step, of the code before it, and the next state."""


class AutoregressiveCategorical(DrawsFromNoise, tfd.Distribution):
    """Class codes in a sequence: p(x) = p(x_1) p(x_2|x_1) p(x_3|x_1, x_2) and so on.

    A network gives the logits of every code. `log_prob` is one pass of it, in which it sees the
    codes of `value` itself; a draw is one step for every code. Codes have no mean; `greedy` is a
    sequence of probable ones.

    Args:
      context: What the network sees beside the codes, `[..., C]`.
      network: A `StepNetwork`, such as `networks.NextCode`.
      steps: The number of codes T.
      end: A code after which all codes are `end`, with probability 1; None if there is none.
      observed: Which codes are observed, a boolean tensor that broadcasts to `[..., T]`: the
        probability then is that of these. In every row they must be the first ones, of which the
        later ones, summed over all codes, do not change the probability. None if all are.
      given: Codes `[..., T]` of which the first ones are known, those that `observed` says: the
        distribution then is that of the later ones given these. None for none.
      dropout_rate: The probability that `log_prob` hides the code before a step from the network.
      dropout_seed: The stateless seed, `[2]`, of what is hidden.
      name: The name of the distribution.

    Example:
      >>> network = networks.NextCode(classes=3, units=8)
      >>> network.build([None, 2])
      >>> from tfp_vae import distributions
      >>> d = distributions.AutoregressiveCategorical(tf.zeros([5, 2]), network, steps=4)
      >>> d.batch_shape, d.sample(seed=0).shape
      (TensorShape([5]), TensorShape([5, 4]))
    """

    def __init__(
        self,
        context: tf.Tensor,
        network: StepNetwork,
        steps: int,
        end: int | None = None,
        observed: tf.Tensor | None = None,
        given: tf.Tensor | None = None,
        dropout_rate: float = 0.0,
        dropout_seed: tf.Tensor | None = None,
        name: str = "AutoregressiveCategorical",
    ) -> None:
        parameters = dict(locals())
        self.context = tf.convert_to_tensor(context)
        self.network, self.steps, self.end, self.observed = network, steps, end, observed
        self.given = None if given is None else tf.cast(given, tf.int32)
        self.dropout_rate, self.dropout_seed = dropout_rate, dropout_seed
        super().__init__(
            dtype=self.context.dtype,
            reparameterization_type=tfd.NOT_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=True,
            parameters=parameters,
            name=name,
        )

    @classmethod
    def _parameter_properties(
        cls, dtype: tf.DType, num_classes: int | None = None
    ) -> dict[str, Any]:
        del dtype, num_classes
        return {"context": tfp_util.ParameterProperties(event_ndims=1)}

    def of_observed(self, observed: tf.Tensor) -> "AutoregressiveCategorical":
        """Returns the distribution of the first codes of every row, which are observed."""
        changed: AutoregressiveCategorical = self.copy(observed=observed)
        return changed

    def given_observed(self, x: tf.Tensor, observed: tf.Tensor) -> "AutoregressiveCategorical":
        """Returns the distribution of rows whose first codes, which are observed, are those of `x`.

        Args:
          x: Codes, `[..., T]`.
          observed: A boolean tensor that broadcasts to `[..., T]`.
        """
        changed: AutoregressiveCategorical = self.copy(observed=observed, given=x)
        return changed

    def with_dropout(self, rate: float, seed: tf.Tensor) -> "AutoregressiveCategorical":
        """Returns the distribution of which the network does not see some of the codes before."""
        changed: AutoregressiveCategorical = self.copy(dropout_rate=rate, dropout_seed=seed)
        return changed

    def greedy(self) -> tf.Tensor:
        """Returns the most probable code of every step, given those chosen before, `[..., T]`.

        It need not be the most probable sequence.
        """
        return self._generated(self.context, lambda _, logits: tf.argmax(logits, axis=-1))

    def _event_shape(self) -> tf.TensorShape:
        return tf.TensorShape([self.steps])

    def _event_shape_tensor(self) -> tf.Tensor:
        return tf.constant([self.steps], tf.int32)

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        codes = tf.clip_by_value(tf.cast(value, tf.int32), 0, self.network.classes - 1)
        previous = tf.concat(
            [tf.fill(tf.shape(codes[..., :1]), self.network.begin), codes[..., :-1]], axis=-1
        )
        if self.dropout_rate:
            previous = self._hidden(previous)
        leading = tf.broadcast_dynamic_shape(tf.shape(codes)[:-1], self.batch_shape_tensor())
        each, before = (
            tf.reshape(
                tf.broadcast_to(part, tf.concat([leading, [self.steps]], axis=0)), [-1, self.steps]
            )
            for part in (codes, previous)
        )
        width = self.context.shape[-1]
        context = tf.broadcast_to(self.context, tf.concat([leading, [width]], axis=0))
        logits = self.network(before, tf.reshape(context, [-1, width]))
        terms = -tf.nn.sparse_softmax_cross_entropy_with_logits(each, logits)
        if self.end is not None:
            is_end = tf.cast(tf.equal(each, self.end), tf.int32)
            ended = tf.cumsum(is_end, axis=1, exclusive=True) > 0
            certain = tf.where(is_end > 0, tf.zeros_like(terms), tf.cast(-np.inf, terms.dtype))
            terms = tf.where(ended, certain, terms)
        terms = tf.reshape(terms, tf.concat([leading, [self.steps]], axis=0))
        if self.given is not None:
            agrees = tf.equal(codes, self.given)
            known = tf.where(agrees, tf.zeros_like(terms), tf.cast(-np.inf, terms.dtype))
            terms = tf.where(self.observed, known, terms)
        elif self.observed is not None:
            terms = tf.where(self.observed, terms, tf.zeros_like(terms))
        result = tf.reduce_sum(terms, axis=-1)
        result.set_shape(tf.broadcast_static_shape(value.shape[:-1], self.batch_shape))
        return result

    def _hidden(self, previous: tf.Tensor) -> tf.Tensor:
        """Returns the codes before every step with some of them unknown, the same for all draws."""
        uniform = stateless_random.uniform(
            tf.shape(previous), self.dropout_seed, tf.float32, row_axis=previous.shape.rank - 2
        )
        hides = tf.logical_and(uniform < self.dropout_rate, previous != self.network.begin)
        return tf.where(hides, self.network.unknown, previous)

    def _draw(self, sample_shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        shape = self._shape_of_draws(sample_shape)
        uniform = stateless_random.uniform(shape, seed, self.dtype)
        by_step = tf.transpose(tf.reshape(uniform, [-1, self.steps]))

        def drawn(step: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
            cumulative = tf.cumsum(tf.nn.softmax(logits), axis=-1)
            threshold = by_step[step][:, None] * cumulative[:, -1:]
            return tf.reduce_sum(tf.cast(cumulative < threshold, tf.int32), axis=-1)

        width = self.context.shape[-1]
        context = tf.broadcast_to(self.context, tf.concat([shape[:-1], [width]], axis=0))
        return self._generated(context, drawn)

    def _generated(
        self, context: tf.Tensor, chosen: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    ) -> tf.Tensor:
        """Returns codes `[..., T]`, each chosen by its number and its logits `[N, K]`."""
        flat = tf.reshape(context, [-1, context.shape[-1]])
        count = tf.shape(flat)[0]
        all_codes = tf.concat([tf.shape(context)[:-1], [self.steps]], axis=0)
        known: list[tf.Tensor] = []
        if self.given is not None:
            known = [
                tf.transpose(tf.reshape(tf.broadcast_to(part, all_codes), [-1, self.steps]))
                for part in (self.given, self.observed)
            ]

        def body(
            step: tf.Tensor, previous: tf.Tensor, state: tf.Tensor, codes: tf.TensorArray
        ) -> tuple[tf.Tensor, ...]:
            logits, state = self.network.step(previous, state, flat)
            code = tf.cast(chosen(step, logits), tf.int32)
            if self.end is not None:
                code = tf.where(previous == self.end, self.end, code)
            if known:
                given, is_given = known
                code = tf.where(is_given[step], given[step], code)
            code.set_shape(previous.shape)
            return step + 1, code, state, codes.write(step, code)

        begin = tf.fill([count], self.network.begin)
        codes = tf.TensorArray(tf.int32, size=self.steps, element_shape=begin.shape)
        _, _, _, codes = tf.while_loop(
            lambda step, *_: step < self.steps,
            body,
            (tf.constant(0), begin, self.network.first_state(flat), codes),
            maximum_iterations=self.steps,
        )
        by_row = tf.transpose(codes.stack())
        generated = tf.cast(tf.reshape(by_row, all_codes), self.dtype)
        generated.set_shape([*context.shape[:-1], self.steps])
        return generated
