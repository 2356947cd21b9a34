"""The posterior of the VQ-VAE: codes, each the nearest of a codebook."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks, distributions, replica_context, stateless_random, supports
from tfp_vae.posteriors.base import Posterior

_MOST = 1_000_000


@keras.saving.register_keras_serializable(package="tfp_vae.posteriors")
class VectorQuantized(Posterior):
    """Codes for latents, the posterior of the VQ-VAE: van den Oord et al. (2017).

    The network gives a vector for each position, and q(z|x) puts all probability on the nearest of
    the K code vectors. The decoder sees these, concatenated. The prior is
    `priors.VectorQuantized`, and the KL is exact: with uniform codes it is P log K nats.

    The decoder's gradient by a code vector is copied to the vector that it replaces. Two squared
    distances between the two vectors are subtracted from the objective of a row, whichever it is:
    one, times `commitment_weight`, with a gradient to the network alone, and without moving
    averages one with a gradient to the codebook alone. They are in the loss, not in the ELBO.

    In training a code that is hardly used is restarted at a vector of the batch, picked at random.
    Its use is a moving average, too. At the first batch this holds for most codes, so that the
    codebook begins at the data.

    Args:
      codes: The number K of code vectors, 2 or more.
      code_size: The number D of values of a code vector.
      positions: The number P of codes of a row, or height and width of a grid of them, row by row.
        The latents are P * `code_size` numbers.
      commitment_weight: The weight of the squared distance that the network is trained by.
      codebook: How the code vectors are learned: by "gradient", or "moving_average", each as the
        mean of the vectors that it replaced lately.
      decay: The share of a moving average that remains after a batch.
      restart_below: A code is restarted if it is used less than this times the average code; 0 for
        never.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`, `[B, P, C]`, or of a grid `[B, H, W, C]`.

    Returns:
      A `distributions.VectorQuantized`, batch `[B]`, event `[positions * code_size]`; its `codes`
      are `[B, P]`.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If a number is not positive, `codes` below 2, `codebook` unknown, `decay` not
        below 1, or there are more than 1,000,000 numbers in the codebook or in the latents.

    Example:
      >>> q = posteriors.VectorQuantized(codes=16, code_size=2, positions=3)(np.ones([5, 8]))
      >>> q.event_shape, q.codes.shape
      (TensorShape([6]), TensorShape([5, 3]))

    Source: van den Oord, Vinyals & Kavukcuoglu (2017), "Neural discrete representation learning",
    equation 3 and appendix A.1; Dhariwal et al. (2020), "Jukebox", for the restarts.
    """

    parameter_names = ("vectors",)

    def __init__(
        self,
        codes: int,
        code_size: int,
        positions: int | Sequence[int] = 1,
        commitment_weight: float = 0.25,
        codebook: str = "gradient",
        decay: float = 0.99,
        restart_below: float = 0.05,
        **kwargs: Any,
    ) -> None:
        self.codes = checks.positive_int(codes, "codes")
        self.code_size = checks.positive_int(code_size, "code_size")
        self.grid = distributions.code_grid(positions)
        self.positions = math.prod(self.grid)
        if self.codes < 2:
            raise ValueError(f"`codes` must be at least 2; got {self.codes}.")
        for name, count in (("codes", self.codes), ("positions", self.positions)):
            if count * self.code_size > _MOST:
                raise ValueError(
                    f"`{name} * code_size` must be at most {_MOST:,}; got {count} * "
                    f"{self.code_size}."
                )
        super().__init__(self.positions * self.code_size, **kwargs)
        self.commitment_weight = checks.finite_number(
            commitment_weight, "commitment_weight", minimum=0.0
        )
        self.codebook = checks.one_of(codebook, ["gradient", "moving_average"], "codebook")
        self.decay = checks.finite_number(decay, "decay", minimum=0.0)
        if self.decay >= 1.0:
            raise ValueError(f"`decay` must be below 1; got {self.decay:g}.")
        self.restart_below = checks.finite_number(restart_below, "restart_below", minimum=0.0)
        self.latent_space = supports.code_vectors(self.positions, self.codes)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Returns `[positions, code_size]` for the vectors."""
        return {"vectors": (self.positions, self.code_size)}

    def build(self, features_shape: Sequence[int | None]) -> None:
        """Creates the head, the codebook `[K, D]` and its moving averages."""
        shape = [self.codes, self.code_size]
        self.code_vectors = self.add_weight(
            name="code_vectors",
            shape=shape,
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            trainable=self.codebook == "gradient",
            autocast=False,
            aggregation="mean",
        )
        self.average_counts = self._average("average_counts", shape[:1])
        self.average_use = self._average("average_use", shape[:1])
        if self.codebook == "moving_average":
            self.average_sums = self._average("average_sums", shape)
        else:
            # What restarts add to trained code vectors: only weights that are not trained are set
            # back where a step is not taken.
            self.restarts = self._average("restarts", shape)
        sizes = tuple(features_shape)[1:]
        self.features_on_grid = len(self.grid) == 2 and sizes[:-1] == self.grid
        if self.features_on_grid:
            sizes = (self.positions, sizes[-1])
        super().build((None, *sizes))

    def parameters(
        self, features: tf.Tensor, *, added: Mapping[str, tf.Tensor] | None = None
    ) -> dict[str, tf.Tensor]:
        """Returns the vectors, `[..., P, D]`."""
        if self.features_on_grid:
            leading, channels = features.shape[:-3], features.shape[-1]
            shape = tf.concat([tf.shape(features)[:-3], [self.positions, channels]], axis=0)
            features = tf.reshape(features, shape)
            features = tf.ensure_shape(features, [*leading, self.positions, channels])
        return super().parameters(features, added=added)

    def current_codebook(self) -> tf.Tensor:
        """Returns the code vectors, `[K, D]`.

        Example:
          >>> layer = posteriors.VectorQuantized(codes=16, code_size=2)
          >>> layer.build([None, 8])
          >>> layer.current_codebook().shape
          TensorShape([16, 2])
        """
        code_vectors = tf.convert_to_tensor(self.code_vectors)
        if self.codebook == "moving_average":
            return code_vectors
        return code_vectors + tf.convert_to_tensor(self.restarts)

    @property
    def use(self) -> str:
        """How many codes were in use lately in training, in words.

        Those that a vector had in about the last 1 / (1 - `decay`) batches; restarts do not count.

        Example:
          >>> layer = posteriors.VectorQuantized(codes=16, code_size=2)
          >>> layer.build([None, 8])
          >>> layer.use
          '16, not trained yet'
        """
        use = tf.convert_to_tensor(self.average_use).numpy()
        if not use.any():
            return f"{self.codes}, not trained yet"
        batches = 1.0 / (1.0 - self.decay)
        least = (1.0 - self.decay) * self.decay**batches
        used = int(np.sum((use > 0.0) & (use >= least)))
        return f"{used} of {self.codes} in use in the last {batches:.0f} batches of training"

    def distribution(self, vectors: tf.Tensor) -> distributions.VectorQuantized:
        """Makes the distribution of vectors `[B, P, D]`."""
        return distributions.VectorQuantized(vectors, self.current_codebook())

    def cost(self, distribution: distributions.VectorQuantized) -> tf.Tensor:
        """Returns the weighted squared distances of vectors and code vectors, `[B]`."""
        vectors, codes = distribution.vectors, distribution.code_vectors
        cost = self.commitment_weight * _square(vectors - tf.stop_gradient(codes))
        if self.codebook == "gradient":
            cost += _square(tf.stop_gradient(vectors) - codes)
        return cost

    def learn(self, distribution: distributions.VectorQuantized, seed: tf.Tensor) -> None:
        """Updates the moving averages with a batch, and restarts codes."""
        vectors = tf.reshape(tf.stop_gradient(distribution.vectors), [-1, self.code_size])
        used = tf.one_hot(tf.reshape(distribution.codes, [-1]), self.codes, dtype=vectors.dtype)
        sums = [tf.reduce_sum(used, axis=0), tf.matmul(used, vectors, transpose_a=True)]
        count, total = replica_context.all_reduce_sum(sums)
        counts = self._mixed(self.average_counts, count)
        self.average_use.assign(self._mixed(self.average_use, count))
        if self.codebook == "moving_average":
            totals = self._mixed(self.average_sums, total)
            seen = counts > 0.0
            mean = totals / tf.where(seen, counts, tf.ones_like(counts))[:, None]
            codebook = tf.where(seen[:, None], mean, tf.convert_to_tensor(self.code_vectors))
        else:
            totals, codebook = None, tf.stop_gradient(distribution.codebook)
        if self.restart_below:
            typical = tf.reduce_mean(counts)
            dead = counts < self.restart_below * typical
            picked = self._picked(vectors, seed)
            counts = tf.where(dead, typical, counts)
            codebook = tf.where(dead[:, None], picked, codebook)
            if totals is not None:
                totals = tf.where(dead[:, None], typical * picked, totals)
        self.average_counts.assign(counts)
        if totals is not None:
            self.average_sums.assign(totals)
            self.code_vectors.assign(codebook)
        elif self.restart_below:
            trained = tf.convert_to_tensor(self.code_vectors)
            restarted = tf.where(dead[:, None], codebook - trained, self.restarts)
            self.restarts.assign(restarted)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        config = super().get_config()
        del config["latent_size"]
        return {
            **config,
            "codes": self.codes,
            "code_size": self.code_size,
            "positions": self.positions if len(self.grid) == 1 else list(self.grid),
            "commitment_weight": self.commitment_weight,
            "codebook": self.codebook,
            "decay": self.decay,
            "restart_below": self.restart_below,
        }

    def _average(self, name: str, shape: Sequence[int]) -> keras.Variable:
        return self.add_weight(
            name=name,
            shape=shape,
            initializer="zeros",
            trainable=False,
            autocast=False,
            aggregation="mean",
        )

    def _mixed(self, average: keras.Variable, latest: tf.Tensor) -> tf.Tensor:
        return self.decay * tf.convert_to_tensor(average) + (1.0 - self.decay) * latest

    def _picked(self, vectors: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Returns a vector of the global batch for each code, `[K, D]`, picked at random.

        The batch is cut in K parts, and one vector is picked from each.

        Args:
          vectors: Those of the rows of this replica, `[N, D]`.
          seed: A stateless seed, `[2]`.
        """
        here = tf.cast(tf.shape(vectors)[0], tf.int64)
        first, total = tf.zeros([], tf.int64), here
        shard = replica_context.current_shard()
        if shard is not None:
            first, total = (self.positions * tf.cast(each, tf.int64) for each in shard)
        uniform, _ = stateless_random.uniform_pair(tf.constant([self.codes]), seed, 0)
        share = (tf.range(self.codes, dtype=tf.float64) + uniform) / self.codes
        places = tf.cast(share * tf.cast(total, tf.float64), tf.int64) - first
        own = (places >= 0) & (places < here)
        # A shard may be empty; the last row is never one's own.
        padded = tf.concat([vectors, tf.zeros([1, self.code_size], vectors.dtype)], axis=0)
        found = tf.gather(padded, tf.where(own, places, here))
        return replica_context.all_reduce_sum([found])[0]


def _square(difference: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.square(difference), axis=[-2, -1])
