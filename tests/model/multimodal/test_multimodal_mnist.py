"""Upper and lower halves of MNIST's digits, with labels as a third view."""

import keras
import numpy as np
import pytest

import tfp_vae
from benchmarks import data
from tfp_vae import evaluation, likelihoods


@pytest.mark.nightly
@pytest.mark.filterwarnings("ignore:.*effective sample size")
@pytest.mark.parametrize("experts", ["product", "mixture", "mixture_of_products"])
def test_a_view_tells_about_the_others(experts):
    """A half is more probable given the other one, and its label is guessed of it."""
    if not data.MNIST.exists():
        pytest.skip("there is no file of MNIST")
    with np.load(data.MNIST) as arrays:
        parts = {
            name: (
                arrays[f"x_{name}"][:count].reshape(count, -1) > 127,
                arrays[f"y_{name}"][:count],
            )
            for name, count in (("train", 5000), ("test", 500))
        }
    keras.utils.set_random_seed(0)
    vae = tfp_vae.MultimodalVAE.from_mlps(
        {
            "upper": likelihoods.Bernoulli([392]),
            "lower": likelihoods.Bernoulli([392]),
            "label": likelihoods.Categorical([1], 10),
        },
        latent_size=20,
        units=[256],
        experts=experts,
        view_dropout=0.5 if experts == "product" else 0.0,
    )

    def views(name):
        x, y = parts[name]
        return {"upper": x[:, :392], "lower": x[:, 392:], "label": y}

    train, test = vae.join(views("train")), views("test")
    train[::3, 784] = np.nan
    train[1::3, :392] = np.nan
    vae.compile(keras.optimizers.Adam(1e-3), jit_compile=False)
    vae.fit(train, epochs=15, batch_size=100, verbose=0)
    guessed = vae.translate({"upper": test["upper"], "lower": test["lower"]}, "label", verbose=0)
    # A coin of ten sides has 0.3 of 500 or more in fewer than one of 10**30 tests.
    assert (guessed[:, 0] == test["label"]).mean() > 0.6
    few = {name: view[:40] for name, view in test.items() if name != "label"}
    given = evaluation.log_conditional_likelihood(vae, few, "upper", 1000)
    alone = evaluation.log_marginal_likelihood(vae, vae.join({"lower": few["lower"]}), 1000)
    assert given.mean > alone.mean
