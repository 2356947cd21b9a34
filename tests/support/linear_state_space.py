"""A linear-Gaussian state-space model: as TFP has it, and as a VAE at the exact smoother."""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

import tfp_vae
from tfp_vae import likelihoods, posteriors, priors

_BOUND = 100.0


class LinearStateSpace(NamedTuple):
    """z_t = F z_{t-1} + c + noise and x_t = H z_t + d + noise, of diagonal covariances."""

    first_loc: np.ndarray
    first_scale: np.ndarray
    transition: np.ndarray
    offset: np.ndarray
    scale: np.ndarray
    observation: np.ndarray
    level: np.ndarray
    noise: float

    @classmethod
    def drawn(cls, seed, state_size=2, width=3):
        rng = np.random.default_rng(seed)
        return cls(
            first_loc=rng.normal(size=state_size),
            first_scale=rng.uniform(0.5, 2.0, state_size),
            transition=0.6 * rng.normal(size=[state_size, state_size]),
            offset=rng.normal(size=state_size),
            scale=rng.uniform(0.3, 1.0, state_size),
            observation=rng.normal(size=[width, state_size]),
            level=rng.normal(size=width),
            noise=0.7,
        )

    def tfp(self, steps):
        """Returns TFP's model of series `[steps, D]`."""
        return tfd.LinearGaussianStateSpaceModel(
            num_timesteps=steps,
            transition_matrix=tf.constant(self.transition),
            transition_noise=tfd.MultivariateNormalDiag(self.offset, self.scale),
            observation_matrix=tf.constant(self.observation),
            observation_noise=tfd.MultivariateNormalDiag(
                self.level, np.full_like(self.level, self.noise)
            ),
            initial_state_prior=tfd.MultivariateNormalDiag(self.first_loc, self.first_scale),
        )

    def states(self, steps):
        """Returns mean `[T * L]` and covariance `[T * L, T * L]` of all states, step by step."""
        size = len(self.first_loc)
        mean, covariance = [self.first_loc], [[np.diag(self.first_scale**2)]]
        for _ in range(steps - 1):
            mean.append(self.transition @ mean[-1] + self.offset)
            before = [self.transition @ block for block in covariance[-1]]
            own = before[-1] @ self.transition.T + np.diag(self.scale**2)
            covariance.append([*before, own])
        full = np.zeros([steps, size, steps, size])
        for later in range(steps):
            for earlier, block in enumerate(covariance[later]):
                full[later, :, earlier] = block
                full[earlier, :, later] = block.T
        return np.concatenate(mean), full.reshape([steps * size] * 2)

    def smoother(self, seen):
        """Returns matrix, constant and covariance of the states given observed values.

        Args:
          seen: A boolean array `[T, D]`, false where a value is missing.

        Returns:
          K, `[T * L, T * D]`, k and P: the mean given x is K x + k.
        """
        steps = len(seen)
        mean, covariance = self.states(steps)
        loadings = np.kron(np.eye(steps), self.observation) * seen.reshape([-1, 1])
        level = np.tile(self.level, steps) * seen.ravel()
        precision = np.linalg.inv(covariance) + loadings.T @ loadings / self.noise**2
        posterior = np.linalg.inv(precision)
        gain = posterior @ loadings.T / self.noise**2
        return gain, mean - gain @ (loadings @ mean + level), posterior

    def vae(self, seen, **options):
        """Returns the VAE whose posterior is the exact smoother of rows observed at `seen`."""
        steps, width = seen.shape
        size = len(self.first_loc)
        posterior = posteriors.LinearMarkovChain(
            steps, size, scale_floor=0.0, transition_bound=_BOUND
        )
        prior = priors.LinearMarkovChain(steps, scale_floor=0.0)
        vae = tfp_vae.VAE(
            tfp_vae.Encoder(keras.layers.Flatten(), posterior),
            tfp_vae.Decoder(
                keras.layers.Reshape([steps, size]),
                likelihoods.Normal([steps, width], scale=self.noise),
            ),
            prior=prior,
            adaptive=False,
            **options,
        )
        vae.decoder.likelihood.heads["loc"].set_weights([self.observation.T, self.level])
        prior.first_loc.assign(self.first_loc)
        prior.first_raw_scale.assign(_softplus_inverse(self.first_scale))
        prior.transition.assign(self.transition)
        prior.offset.assign(self.offset)
        prior.raw_scale.assign(_softplus_inverse(self.scale))
        gain, constant, covariance = self.smoother(seen)
        transition, factor = _conditionals(covariance.reshape([steps, size, steps, size]))
        magnitude = np.abs(transition).sum(axis=-1, keepdims=True)
        raw_transition = transition / (1.0 - magnitude / _BOUND)
        diagonal = np.diagonal(factor, axis1=1, axis2=2)
        raw_factor = factor + (_softplus_inverse(diagonal) - diagonal)[..., None] * np.eye(size)
        posterior.heads["loc"].set_weights([gain.T, constant])
        for name, value in (("transition", raw_transition), ("scale_tril", raw_factor)):
            kernel = np.zeros([steps * width, value.size])
            posterior.heads[name].set_weights([kernel, value.ravel()])
        return vae


def _conditionals(covariance):
    """Returns A and the factor of the noise of every step, of the covariance `[T, L, T, L]`."""
    steps, size = covariance.shape[:2]
    transition, noise = np.zeros([steps, size, size]), covariance[0, :, 0][None]
    for step in range(1, steps):
        before = covariance[step - 1, :, step - 1]
        transition[step] = np.linalg.solve(before, covariance[step - 1, :, step]).T
        explained = transition[step] @ covariance[step - 1, :, step]
        noise = np.concatenate([noise, (covariance[step, :, step] - explained)[None]])
    return transition, np.linalg.cholesky(noise)


def chain_moments(d):
    """Returns mean and covariance of all states of a `LinearMarkovChain` without batch."""
    offset, transition, scale = d.offset.numpy(), d.transition.numpy(), d.scale_tril.numpy()
    steps, size = offset.shape
    # z = offset + (A z one step before) + noise, solved for all steps together.
    before = np.zeros([steps, size, steps, size])
    for step in range(1, steps):
        before[step, :, step - 1] = transition[step]
    solved = np.linalg.inv(np.eye(steps * size) - before.reshape([steps * size] * 2))
    noise = np.zeros([steps, size, steps, size])
    for step in range(steps):
        noise[step, :, step] = scale[step] @ scale[step].T
    return solved @ offset.ravel(), solved @ noise.reshape([steps * size] * 2) @ solved.T


def _softplus_inverse(values):
    return np.log(np.expm1(values))
