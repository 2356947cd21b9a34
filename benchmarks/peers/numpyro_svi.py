"""NumPyro: its VAE example, an epoch of `SVI.update` in one jitted `fori_loop`."""

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax import jit, lax, nn, random
from jax.example_libraries import stax
from numpyro import optim
from numpyro.infer import SVI, Trace_ELBO

from benchmarks.peers import architecture, protocol


def dense(size):
    return stax.Dense(size, W_init=nn.initializers.glorot_uniform(), b_init=nn.initializers.zeros)


def encoder():
    return stax.serial(
        dense(architecture.HIDDEN),
        stax.Tanh,
        dense(architecture.HIDDEN),
        stax.Tanh,
        stax.FanOut(2),
        stax.parallel(
            dense(architecture.LATENT_SIZE),
            stax.serial(dense(architecture.LATENT_SIZE), stax.Softplus),
        ),
    )


def decoder(event_size):
    return stax.serial(
        dense(architecture.HIDDEN),
        stax.Tanh,
        dense(architecture.HIDDEN),
        stax.Tanh,
        dense(event_size),
    )


def model(batch):
    batch_size, event_size = batch.shape
    decode = numpyro.module("decoder", decoder(event_size), (batch_size, architecture.LATENT_SIZE))
    with numpyro.plate("batch", batch_size):
        z = numpyro.sample("z", dist.Normal(0, 1).expand([architecture.LATENT_SIZE]).to_event(1))
        logits = decode(z)
        return numpyro.sample("obs", dist.Bernoulli(logits=logits).to_event(1), obs=batch)


def guide(batch):
    batch_size, event_size = batch.shape
    encode = numpyro.module("encoder", encoder(), (batch_size, event_size))
    loc, scale = encode(batch)
    with numpyro.plate("batch", batch_size):
        return numpyro.sample("z", dist.Normal(loc, scale).to_event(1))


def train(run: protocol.Run) -> architecture.Weights:
    svi = SVI(model, guide, optim.Adam(architecture.LEARNING_RATE), loss=Trace_ELBO())
    x = jnp.asarray(run.x)
    svi_state = svi.init(random.PRNGKey(run.seed), x[: run.batch_size])
    steps = len(run.x) // run.batch_size
    shuffle = np.random.default_rng(run.seed)

    @jit
    def epoch_train(svi_state, train_idx):
        def body_fn(i, val):
            loss_sum, svi_state = val
            rows = lax.dynamic_slice_in_dim(train_idx, i * run.batch_size, run.batch_size)
            svi_state, loss = svi.update(svi_state, jnp.take(x, rows, axis=0))
            return loss_sum + loss, svi_state

        return lax.fori_loop(0, steps, body_fn, (0.0, svi_state))

    for _ in range(run.epochs):
        run.epoch_begins()
        loss, svi_state = epoch_train(svi_state, shuffle.permutation(len(run.x)))
        run.epoch_ends(float(loss) / (steps * run.batch_size))

    parameters = svi.get_params(svi_state)
    trunk_1, _, trunk_2, _, _, (loc, (scale, _)) = parameters["encoder$params"]
    hidden_1, _, hidden_2, _, logits = parameters["decoder$params"]
    layers = (trunk_1, trunk_2, loc, scale, hidden_1, hidden_2, logits)
    return architecture.as_weights([np.asarray(array) for layer in layers for array in layer])


if __name__ == "__main__":
    protocol.main(train, ["numpyro", "jax", "numpy"])
