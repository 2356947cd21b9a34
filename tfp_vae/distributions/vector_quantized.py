"""Vectors quantized to the nearest of a codebook, and distributions of such vectors."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd
from tensorflow_probability import util as tfp_util

from tfp_vae import checks
from tfp_vae.distributions.draws import DrawsFromNoise


def code_grid(positions: int | Sequence[int]) -> tuple[int, ...]:
    """Returns the sizes of the grid of codes: their number, or height and width.

    Args:
      positions: An int, or two.

    Raises:
      TypeError: If `positions` is neither an int nor a list of ints.
      ValueError: If one is not positive, or there are not two.

    Example:
      >>> from tfp_vae import distributions
      >>> distributions.code_grid(4), distributions.code_grid([2, 3])
      ((4,), (2, 3))
    """
    if isinstance(positions, (str, bytes)) or not isinstance(positions, Sequence):
        return (checks.positive_int(positions, "positions"),)
    sizes = tuple(checks.positive_ints(positions, "positions"))
    if len(sizes) != 2:
        raise ValueError(
            f"`positions` must be a number, or height and width of a grid; got {list(sizes)}."
        )
    return sizes


def nearest_codes(vectors: tf.Tensor, codebook: tf.Tensor) -> tf.Tensor:
    """Returns the indices of the nearest code vectors, `[...]`, the first of equally near ones.

    Args:
      vectors: `[..., D]`.
      codebook: The code vectors, `[K, D]`.

    Example:
      >>> from tfp_vae import distributions
      >>> distributions.nearest_codes(np.array([[0.9], [0.2]]), np.array([[0.0], [1.0]])).numpy()
      array([1, 0], dtype=int32)
    """
    # Of |v - e|² = |v|² - 2 v·e + |e|² the first term is the same for all codes. Around the mean of
    # the codebook the two others cancel least.
    center = tf.reduce_mean(codebook, axis=0)
    codebook = tf.convert_to_tensor(codebook) - center
    half_squares = 0.5 * tf.reduce_sum(tf.square(codebook), axis=-1)
    vectors = tf.convert_to_tensor(vectors)
    # As one matrix: TensorFlow 2.21 writes out of bounds where a matrix is broadcast over batches.
    flat = tf.reshape(vectors, [-1, codebook.shape[-1]])
    distances = half_squares - tf.matmul(flat - center, codebook, transpose_b=True)
    codes = tf.argmin(distances, axis=-1, output_type=tf.int32)
    return tf.ensure_shape(tf.reshape(codes, tf.shape(vectors)[:-1]), vectors.shape[:-1])


class VectorQuantized(DrawsFromNoise, tfd.Distribution):
    """All probability on the code vectors that are nearest to given vectors, concatenated.

    It is a distribution over codes, one for each position: log-probabilities are those of codes,
    and a vector is read as its nearest code. All draws are the code vectors. Their gradient is
    passed on to `vectors` as it is, and none to the codebook: van den Oord et al. (2017), "Neural
    discrete representation learning", section 3.2.

    Args:
      vectors: The vectors, one for each position, `[..., P, D]`.
      codebook: The code vectors, `[K, D]`.

    Example:
      >>> from tfp_vae import distributions
      >>> q = distributions.VectorQuantized(tf.constant([[[0.9], [0.2]]]), tf.eye(2)[:, :1])
      >>> q.batch_shape, q.event_shape, q.codes.numpy().tolist()
      (TensorShape([1]), TensorShape([2]), [[0, 1]])
      >>> q.sample(seed=0).numpy().tolist()
      [[1.0, 0.0]]
    """

    def __init__(
        self, vectors: tf.Tensor, codebook: tf.Tensor, name: str = "VectorQuantized"
    ) -> None:
        parameters = dict(locals())
        self.vectors = tf.convert_to_tensor(vectors)
        self.codebook = tf.convert_to_tensor(codebook, self.vectors.dtype)
        self.codes = nearest_codes(self.vectors, self.codebook)
        super().__init__(
            dtype=self.vectors.dtype,
            reparameterization_type=tfd.FULLY_REPARAMETERIZED,
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
            "vectors": tfp_util.ParameterProperties(event_ndims=2),
            # One for all rows.
            "codebook": tfp_util.ParameterProperties(event_ndims=None),
        }

    @property
    def code_vectors(self) -> tf.Tensor:
        """The nearest code vectors, `[..., P, D]`, with a gradient to the codebook alone."""
        return tf.gather(self.codebook, self.codes)

    def _batch_shape(self) -> tf.TensorShape:
        return self.vectors.shape[:-2]

    def _batch_shape_tensor(self, **kwargs: Any) -> tf.Tensor:
        del kwargs
        return tf.shape(self.vectors)[:-2]

    def _event_shape(self) -> tf.TensorShape:
        positions, size = self.vectors.shape[-2:]
        return tf.TensorShape([positions * size])

    def _event_shape_tensor(self) -> tf.Tensor:
        return tf.constant(self._event_shape().as_list(), tf.int32)

    def _draw(self, sample_shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        del seed
        return tf.broadcast_to(self._mean(), self._shape_of_draws(sample_shape))

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        same = tf.reduce_all(_codes_of(value, self.codebook) == self.codes, axis=-1)
        zero = tf.zeros([], self.dtype)
        return tf.where(same, zero, tf.math.log(zero))

    def _mean(self) -> tf.Tensor:
        # The value is that of the code vectors, to the last digit.
        passed = self.vectors - tf.stop_gradient(self.vectors)
        straight_through = tf.stop_gradient(self.code_vectors) + passed
        return _concatenated(straight_through)

    def _mode(self) -> tf.Tensor:
        return self._mean()

    def _variance(self) -> tf.Tensor:
        return tf.zeros_like(_concatenated(self.vectors))

    def _stddev(self) -> tf.Tensor:
        return self._variance()

    def _entropy(self) -> tf.Tensor:
        return tf.zeros(self.batch_shape_tensor(), self.dtype)


class CodeVectors(DrawsFromNoise, tfd.Distribution):
    """Code vectors of random codes, concatenated.

    It is a distribution over codes, as `VectorQuantized` is: a vector is read as its nearest code.

    Args:
      one_hot: The distribution of the codes as P one-hot vectors of K numbers, concatenated: a
        `OneHotCategorical`, `OneHotMarkovChain` or `OneHotAutoregressive`, batch `[]`.
      codebook: The code vectors, `[K, D]`.

    Example:
      >>> from tfp_vae import distributions
      >>> codes = distributions.OneHotCategorical(tf.zeros([2, 4]))
      >>> p = distributions.CodeVectors(codes, tf.eye(4)[:, :3])
      >>> p.event_shape, p.sample(5, seed=0).shape
      (TensorShape([6]), TensorShape([5, 6]))
    """

    def __init__(
        self, one_hot: tfd.Distribution, codebook: tf.Tensor, name: str = "CodeVectors"
    ) -> None:
        parameters = dict(locals())
        self.one_hot = one_hot
        self.codebook = tf.convert_to_tensor(codebook, one_hot.dtype)
        super().__init__(
            dtype=one_hot.dtype,
            reparameterization_type=tfd.NOT_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=True,
            parameters=parameters,
            name=name,
        )

    @property
    def positions(self) -> int:
        """The number of codes of one draw."""
        return int(self.one_hot.event_shape[-1] // self.codebook.shape[0])

    def log_prob_of_codes(self, codes: tf.Tensor) -> tf.Tensor:
        """Returns the log-probability of codes `[..., P]` in nats, `[...]`."""
        vectors = tf.one_hot(codes, self.codebook.shape[0], dtype=self.dtype)
        return self.one_hot.log_prob(_concatenated(vectors))

    def _batch_shape(self) -> tf.TensorShape:
        return self.one_hot.batch_shape

    def _batch_shape_tensor(self, **kwargs: Any) -> tf.Tensor:
        del kwargs
        return self.one_hot.batch_shape_tensor()

    def _event_shape(self) -> tf.TensorShape:
        return tf.TensorShape([self.positions * self.codebook.shape[1]])

    def _event_shape_tensor(self) -> tf.Tensor:
        return tf.constant(self._event_shape().as_list(), tf.int32)

    def _draw(self, sample_shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        drawn = self.one_hot.sample(sample_shape, seed=seed)
        codes = tf.argmax(_by_position(drawn, self.codebook.shape[0]), axis=-1)
        return tf.reshape(tf.gather(self.codebook, codes), self._shape_of_draws(sample_shape))

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        return self.log_prob_of_codes(_codes_of(value, self.codebook))


def _codes_of(value: tf.Tensor, codebook: tf.Tensor) -> tf.Tensor:
    """Returns the codes `[..., P]` of concatenated vectors `[..., P * D]`."""
    return nearest_codes(_by_position(value, codebook.shape[1]), codebook)


def _by_position(value: tf.Tensor, size: int) -> tf.Tensor:
    """Returns `[..., P, size]` of `[..., P * size]`."""
    return _reshaped(value, value.shape[:-1], 1, [value.shape[-1] // size, size])


def _concatenated(vectors: tf.Tensor) -> tf.Tensor:
    """Returns `[..., P * D]` of `[..., P, D]`."""
    positions, size = vectors.shape[-2:]
    return _reshaped(vectors, vectors.shape[:-2], 2, [positions * size])


def _reshaped(value: tf.Tensor, leading: tf.TensorShape, axes: int, last: list[int]) -> tf.Tensor:
    """Returns a tensor whose last `axes` axes are replaced by others."""
    shaped = tf.reshape(value, tf.concat([tf.shape(value)[:-axes], last], axis=0))
    return tf.ensure_shape(shaped, [*leading, *last])
