"""A Markov chain of categorical variables as one-hot vectors, concatenated in one vector."""

from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd
from tensorflow_probability import util as tfp_util

from tfp_vae import stateless_random
from tfp_vae.distributions.draws import DrawsFromNoise


class OneHotMarkovChain(DrawsFromNoise, tfd.Distribution):
    """Categorical variables of which each depends on the one before, as one-hot vectors.

    The probability is p(c₁) p(c₂|c₁) p(c₃|c₂) and so on, with transition probabilities of its own
    for every step. Draws have no gradient.

    Args:
      initial_logits: The logits of the first variable, `[K]`.
      transition_logits: The logits of every other variable given the one before, `[P - 1, K, K]`:
        row i holds those given category i.

    Example:
      >>> from tfp_vae import distributions
      >>> stay = 100.0 * tf.eye(3)
      >>> d = distributions.OneHotMarkovChain(tf.zeros([3]), stay[None])
      >>> d.event_shape, d.log_prob([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]).numpy().round(2)
      (TensorShape([6]), np.float32(-1.1))
    """

    def __init__(
        self,
        initial_logits: tf.Tensor,
        transition_logits: tf.Tensor,
        name: str = "OneHotMarkovChain",
    ) -> None:
        parameters = dict(locals())
        self.initial_logits = tf.convert_to_tensor(initial_logits)
        self.transition_logits = tf.convert_to_tensor(transition_logits, self.initial_logits.dtype)
        super().__init__(
            dtype=self.initial_logits.dtype,
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
        return {
            "initial_logits": tfp_util.ParameterProperties(event_ndims=1),
            "transition_logits": tfp_util.ParameterProperties(event_ndims=3),
        }

    @property
    def length(self) -> int:
        """The number of variables P."""
        return int(self.transition_logits.shape[0]) + 1

    @property
    def categories(self) -> int:
        """The number of categories K of every variable."""
        return int(self.initial_logits.shape[-1])

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
        first = tf.argmax(self.initial_logits + gumbel[0], axis=-1, output_type=tf.int32)
        codes = first[None]
        # XLA takes no loop over nothing.
        if self.length > 1:
            steps = (self.transition_logits, gumbel[1:])
            codes = tf.concat([codes, tf.scan(self._next, steps, first)], axis=0)
        drawn = tf.one_hot(tf.transpose(codes), self.categories, dtype=self.dtype)
        return tf.reshape(drawn, self._shape_of_draws(sample_shape))

    def _next(self, before: tf.Tensor, step: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Returns categories `[N]` that follow others, of a step's logits and noise `[N, K]`."""
        logits, gumbel = step
        scores = tf.gather(logits, before) + gumbel
        return tf.argmax(scores, axis=-1, output_type=tf.int32)

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        vectors = tf.reshape(value, [-1, self.length, self.categories])
        first = tf.nn.log_softmax(self.initial_logits)
        log_prob = tf.reduce_sum(tf.math.multiply_no_nan(first, vectors[:, 0]), axis=-1)
        by_step = tf.transpose(vectors, [1, 0, 2])
        # The log-probabilities of what comes next, [P - 1, N, K].
        following = tf.matmul(by_step[:-1], tf.nn.log_softmax(self.transition_logits))
        chosen = tf.math.multiply_no_nan(following, by_step[1:])
        log_prob += tf.reduce_sum(chosen, axis=[0, 2])
        return tf.ensure_shape(tf.reshape(log_prob, tf.shape(value)[:-1]), value.shape[:-1])

    def _mean(self) -> tf.Tensor:
        transition = tf.nn.softmax(self.transition_logits)
        marginals = [tf.nn.softmax(self.initial_logits)]
        for step in range(self.length - 1):
            marginals.append(tf.linalg.matvec(transition[step], marginals[-1], transpose_a=True))
        return tf.concat(marginals, axis=0)
