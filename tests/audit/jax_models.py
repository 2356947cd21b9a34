"""Whole models of JAX, as people write them; imported where JAX is installed."""

import jax
import jax.numpy as jnp

D, K = 12, 3


def init(key):
    k1, k2, k3 = jax.random.split(key, 3)
    return {
        "w": 0.1 * jax.random.normal(k1, (D, 2 * K)),
        "v": 0.1 * jax.random.normal(k2, (K, D)),
        "b": 0.1 * jax.random.normal(k3, (D,)),
    }


PARAMS = init(jax.random.PRNGKey(0))


def encode(params, x):
    return jnp.split(x @ params["w"], 2, axis=-1)


def decode(params, z):
    return z @ params["v"] + params["b"]


def bernoulli(logits, x):
    return jnp.sum(jax.nn.softplus(logits) - x * logits, axis=-1)


def gaussian_kl(mu, logvar):
    return -0.5 * jnp.sum(1.0 + logvar - jnp.square(mu) - jnp.exp(logvar), axis=-1)


def gaussian_sample(rng, mu, logvar):
    return mu + jnp.exp(0.5 * logvar) * jax.random.normal(rng, mu.shape)


def loss(params, rng, batch):
    mu, logvar = encode(params, batch)
    logits = decode(params, gaussian_sample(rng, mu, logvar))
    return jnp.mean(bernoulli(logits, batch) + gaussian_kl(mu, logvar))


def mean_loss(params, rng, batch):
    mu, logvar = encode(params, batch)
    logits = decode(params, gaussian_sample(rng, mu, logvar))
    return jnp.mean(jax.nn.softplus(logits) - batch * logits) + jnp.mean(gaussian_kl(mu, logvar))


class Model:
    """A plain class that keeps its parameters."""

    draw_exponent = 0.5

    def __init__(self):
        self.params = PARAMS

    def encode(self, x):
        return encode(self.params, x)

    def decode(self, z):
        return decode(self.params, z)

    def loss(self, x, key):
        mu, logvar = self.encode(x)
        z = mu + jnp.exp(self.draw_exponent * logvar) * jax.random.normal(key, mu.shape)
        return {"loss": jnp.mean(bernoulli(self.decode(z), x) + gaussian_kl(mu, logvar)), "z": z}


class OtherScale(Model):
    draw_exponent = 1.0


compiled_loss = jax.jit(loss)
