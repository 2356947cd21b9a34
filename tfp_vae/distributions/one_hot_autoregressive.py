"""Categorical variables of which each depends on all before it."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import stateless_random
from tfp_vae.distributions.draws import DrawsFromNoise


class OneHotAutoregressive(DrawsFromNoise, tfd.Distribution):
    """Categorical variables of which each depends on all before it, as one-hot vectors.

    The probability is p(c₁) p(c₂|c₁) p(c₃|c₁, c₂) and so on, from one call of a function. A draw
    takes as many calls as there are variables, in a loop that is part of a compiled function; draws
    have no gradient.

    Args:
      logits_fn: From one-hot vectors `[N, P, K]` to logits `[N, P, K]`, of which those of a
        variable depend on the vectors of the variables before it alone.
      length: The number of variables P.
      categories: The number of categories K of every variable.
      dtype: The dtype of vectors and logits.

    Example:
      >>> from tfp_vae import distributions
      >>> before = lambda c: 9.0 * tf.pad(c, [[0, 0], [1, 0], [0, 0]])[:, :-1]
      >>> d = distributions.OneHotAutoregressive(before, length=2, categories=3)
      >>> d.event_shape, d.log_prob([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]).numpy().round(2)
      (TensorShape([6]), np.float32(-1.1))

    Source: van den Oord, Kalchbrenner & Kavukcuoglu (2016), "Pixel recurrent neural networks",
    where the variables are pixels.
    """

    def __init__(
        self,
        logits_fn: Callable[[tf.Tensor], tf.Tensor],
        length: int,
        categories: int,
        dtype: Any = tf.float32,
        name: str = "OneHotAutoregressive",
    ) -> None:
        parameters = dict(locals())
        self.logits_fn, self.length, self.categories = logits_fn, length, categories
        super().__init__(
            dtype=tf.as_dtype(dtype),
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
        return {}

    def _batch_shape(self) -> tf.TensorShape:
        return tf.TensorShape([])

    def _batch_shape_tensor(self, **kwargs: Any) -> tf.Tensor:
        del kwargs
        return tf.constant([], tf.int32)

    def _event_shape(self) -> tf.TensorShape:
        return tf.TensorShape([self.length * self.categories])

    def _event_shape_tensor(self) -> tf.Tensor:
        return tf.constant([self.length * self.categories], tf.int32)

    def _draw(self, sample_shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        count = tf.reduce_prod(sample_shape)
        shape = tf.stack([self.length, count, self.categories])
        uniform = stateless_random.uniform(shape, seed, self.dtype)
        gumbel = -tf.math.log(-tf.math.log(uniform))

        def body(step: tf.Tensor, vectors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            scores = tf.gather(self.logits_fn(vectors), step, axis=1) + gumbel[step]
            drawn = tf.one_hot(tf.argmax(scores, axis=-1), self.categories, dtype=self.dtype)
            own = tf.one_hot(step, self.length, dtype=self.dtype)[:, None]
            return step + 1, vectors + own * drawn[:, None]

        nothing = tf.zeros([count, self.length, self.categories], self.dtype)
        nothing = tf.ensure_shape(nothing, [None, self.length, self.categories])
        invariant = tf.TensorShape([None, self.length, self.categories])
        _, vectors = tf.while_loop(
            lambda step, _: step < self.length,
            body,
            (tf.constant(0), nothing),
            shape_invariants=(tf.TensorShape([]), invariant),
            maximum_iterations=self.length,
        )
        return tf.reshape(tf.stop_gradient(vectors), self._shape_of_draws(sample_shape))

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        vectors = tf.reshape(value, [-1, self.length, self.categories])
        log_probs = tf.nn.log_softmax(self.logits_fn(vectors))
        log_prob = tf.reduce_sum(tf.math.multiply_no_nan(log_probs, vectors), axis=[1, 2])
        return tf.ensure_shape(tf.reshape(log_prob, tf.shape(value)[:-1]), value.shape[:-1])
