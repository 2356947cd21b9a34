"""A variational RNN that is linear throughout, of which everything is known in closed form."""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from scipy import stats

import tfp_vae
from tfp_vae import likelihoods, posteriors


@keras.saving.register_keras_serializable("tests")
class LinearCell(keras.layers.Layer):
    """h_t is a linear function of x_t and z_t."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = self.output_size = self.state_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=[input_shape[-1], self.units], name="kernel")

    def call(self, inputs, states, training=None):
        output = tf.matmul(inputs, self.kernel)
        return output, [output]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class LinearRecurrence(NamedTuple):
    """z_t = F h_{t-1} + c + scale noise, x_t = C z_t + G h_{t-1} + d + noise, h_t = K (x_t, z_t).

    The columns of C are orthogonal, so that the exact q(z_t|h_{t-1}, x_t) is diagonal.
    """

    from_state: np.ndarray
    offset: np.ndarray
    scale: np.ndarray
    loadings: np.ndarray
    from_past: np.ndarray
    level: np.ndarray
    noise: float
    kernel: np.ndarray

    @classmethod
    def of_data(cls, seed, width=3, size=2):
        """Returns one whose state is x_t: an autoregression with correlated noise."""
        rng = np.random.default_rng(seed)
        orthogonal = np.linalg.qr(rng.normal(size=[width, size]))[0]
        return cls(
            from_state=0.5 * rng.normal(size=[size, width]),
            offset=rng.normal(size=size),
            scale=rng.uniform(0.5, 1.5, size),
            loadings=orthogonal * rng.uniform(0.5, 2.0, size),
            from_past=0.3 * rng.normal(size=[width, width]),
            level=rng.normal(size=width),
            noise=0.7,
            kernel=np.eye(width + size)[:, :width],
        )

    @classmethod
    def of_latents(cls, seed, width=3, size=2):
        """Returns one whose state is z_t: a linear-Gaussian state-space model."""
        other = cls.of_data(seed, width, size)
        rng = np.random.default_rng(seed)
        return other._replace(
            from_state=0.5 * rng.normal(size=[size, size]),
            from_past=np.zeros([width, size]),
            kernel=np.eye(width + size)[:, width:],
        )

    def without_state(self):
        """Returns the model of independent steps."""
        return self._replace(from_state=0 * self.from_state, from_past=0 * self.from_past)

    @property
    def moments(self):
        """Matrix, constant and covariance of x_t given h_{t-1}."""
        factor = self.loadings * self.scale
        matrix = self.loadings @ self.from_state + self.from_past
        covariance = factor @ factor.T + self.noise**2 * np.eye(len(self.level))
        return matrix, self.loadings @ self.offset + self.level, covariance

    def log_prob(self, x):
        """Returns log p(x) of series `[N, T, D]`, where the state is x_t."""
        matrix, constant, covariance = self.moments
        before = np.concatenate([np.zeros_like(x[:, :1]), x[:, :-1]], axis=1)
        error = x - before @ matrix.T - constant
        return stats.multivariate_normal(cov=covariance).logpdf(error).reshape(x.shape[:2]).sum(1)

    def vae(self, steps, **options):
        """Returns the model, with the exact q(z_t|h_{t-1}, x_t)."""
        width, size = self.loadings.shape
        units = self.kernel.shape[1]
        encoder, prior = (
            tfp_vae.Transition(
                keras.layers.Identity(), posteriors.MultivariateNormalDiag(size, scale_floor=0.0)
            )
            for _ in range(2)
        )
        decoder = tfp_vae.Decoder(
            keras.layers.Identity(), likelihoods.Normal([width], scale=self.noise)
        )
        vae = tfp_vae.VariationalRNN(
            LinearCell(units), encoder, decoder, prior, time_steps=steps, **options
        )
        vae.decoder.likelihood.cell.set_weights([self.kernel])
        _set_normal(prior, self.from_state.T, self.offset, self.scale)
        heads = decoder.likelihood.heads
        heads["loc"].set_weights([np.vstack([self.loadings.T, self.from_past.T]), self.level])
        factor = self.loadings * self.scale
        variance = 1.0 / (1.0 + (factor**2).sum(axis=0) / self.noise**2)
        gain = variance[:, None] * factor.T / self.noise**2
        matrix, constant, _ = self.moments
        _set_normal(
            encoder,
            np.vstack([gain.T, -(gain @ matrix).T]),
            -gain @ constant,
            np.sqrt(variance),
        )
        return vae


def _set_normal(transition, kernel, bias, scale):
    heads = transition.posterior.heads
    heads["loc"].set_weights([kernel, bias])
    heads["scale"].set_weights([np.zeros_like(kernel), np.log(np.expm1(scale))])
