"""A step with a non-finite loss or gradient is not taken, and its source is reported."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfp_vae
from tests.support.replicated_model import NanWhereLarge
from tests.training.nonfinite.failing_models import (
    BAD,
    KL,
    NanGradientWhereLarge,
    X,
    assert_close,
    assert_same,
    compiled,
    fit,
    likelihood_fails,
    state,
    trunk,
    vae_of,
)
from tfp_vae import likelihoods, networks, objectives, posteriors


class Half(keras.layers.Layer):
    """Gives half of the values, with a gradient of NaN."""

    def call(self, x):
        return 0.5 * x + tf.sqrt(x - x)


def normals(size):
    return posteriors.MultivariateNormalDiag(size)


def hierarchical(scale=1.0):
    keras.utils.set_random_seed(1)
    return tfp_vae.HierarchicalVAE(
        [
            tfp_vae.Encoder(trunk(NanWhereLarge()), normals(3)),
            tfp_vae.Transition(networks.mlp([4]), normals(2)),
        ],
        [
            tfp_vae.Decoder(networks.mlp([4]), likelihoods.Normal([4], scale=scale)),
            tfp_vae.Transition(networks.mlp([4]), normals(3)),
        ],
        adaptive=False,
    )


LIKELIHOOD = r"a log-likelihood of -inf for row \d of `x` at index \[\d\] of the event, in batch 0 "


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(vae_of, KL, id="the encoder"),
        pytest.param(likelihood_fails, LIKELIHOOD, id="the likelihood"),
        pytest.param(hierarchical, KL, id="several layers"),
        pytest.param(
            lambda: hierarchical(1e-20),
            LIKELIHOOD,
            id="several layers, the likelihood",
            marks=pytest.mark.nightly,
        ),
        pytest.param(lambda: vae_of(missing_values=np.nan), KL, id="missing values"),
        pytest.param(lambda: vae_of(scale="calibrated"), KL, id="a running average"),
        *(
            pytest.param(
                lambda objective=objective: likelihood_fails(objective=objective),
                LIKELIHOOD,
                id=type(objective).__name__,
                marks=marks,
            )
            for objective, marks in (
                (objectives.IWAE(3, "doubly_reparameterized"), ()),
                (objectives.BetaTCVAE(data_size=40), ()),
                (objectives.InfoVAE(10.0), pytest.mark.nightly),
                (objectives.ELBO(kl_weight=objectives.LinearWarmUp(10)), pytest.mark.nightly),
            )
        ),
        pytest.param(
            lambda: vae_of(trunk(NanGradientWhereLarge(), after=True)),
            rf"a gradient of the log-likelihood of nan for row {BAD} of `x`, by the weight '.*', "
            "in batch 2 ",
            id="a gradient within a network",
        ),
        pytest.param(
            lambda: vae_of(networks.mlp([5]), decoder_trunk=trunk(Half())),
            r"a gradient of the log-likelihood of nan for row \d of `x` at latent 0, in batch 0 ",
            id="a gradient by the latents",
        ),
    ],
)
def test_the_error_names_row_term_and_place_and_the_step_is_not_taken(make, message):
    def made():
        keras.utils.set_random_seed(1)
        return compiled(make())

    x, vae = X.copy(), made()
    if vae.missing is not None:
        x[0, 1] = np.nan
    with pytest.raises(FloatingPointError, match=message):
        fit(vae, x)
    steps = int(vae.optimizer.iterations)
    assert steps == (2 if "batch 2" in message else 0)
    # The same model after the batches that came before.
    expected = made()
    if steps:
        fit(expected, x[: 8 * steps])
    assert_same(state(vae), state(expected))


def test_a_compiled_epoch_ends_before_the_step():
    vae = compiled(vae_of(), jit_compile=True)
    with pytest.raises(FloatingPointError, match=f"for row {BAD} of `x` at latent 0, in batch 3 "):
        fit(vae, batch_size=5)
    expected = compiled(vae_of())
    fit(expected, X[:15], batch_size=5)
    assert_close(state(vae), state(expected))


@pytest.mark.nightly
@pytest.mark.parametrize("clipped", [{"clipvalue": 1.0}, {"clipnorm": 1.0}])
@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "Lion", "RMSprop"])
def test_the_last_gradient_of_a_compiled_epoch_is_seen(optimizer, clipped):
    x = np.concatenate([np.delete(X, BAD, axis=0), X[[BAD]]])
    vae = vae_of(trunk(NanGradientWhereLarge(), after=True))
    vae.compile(getattr(keras.optimizers, optimizer)(1e-3, **clipped))
    with pytest.raises(
        FloatingPointError, match=r"for row 39 of `x`, by the weight .* in batch 4 "
    ):
        fit(vae, x)
    assert int(vae.optimizer.iterations) == 4
    assert all(np.isfinite(value).all() for value in state(vae))


@pytest.mark.parametrize(
    "make",
    [
        lambda: tf.data.Dataset.from_tensor_slices(X).batch(8),
        lambda: (X[start : start + 8] for start in range(0, 40, 8)),
    ],
    ids=["a dataset", "a generator"],
)
def test_of_data_in_batches_the_row_of_the_batch_is_named(make):
    vae = compiled(vae_of())
    with pytest.raises(FloatingPointError, match=r"for row 1 of the batch .*, in batch 2 of"):
        vae.fit(make(), verbose=0)
    with pytest.raises(FloatingPointError, match="for row 1 of the batch"):
        vae.train_on_batch(X[16:24])


def test_shuffled_split_and_conditional_rows_are_named_as_they_were_given():
    keras.utils.set_random_seed(1)
    vae = compiled(vae_of(condition=keras.layers.CategoryEncoding(3, output_mode="one_hot")))
    options = {"shuffle": True, "validation_split": 0.2}
    with pytest.raises(FloatingPointError, match=f"KL divergence of nan for row {BAD} of `x`"):
        fit(vae, X, y=np.arange(40) % 3, **options)


def test_a_weight_that_was_not_finite_before_is_named():
    vae = compiled(vae_of(networks.mlp([5])))
    kernel = vae.encoder.posterior.heads["loc"].kernel
    kernel.assign(np.full(kernel.shape, np.inf))
    with pytest.raises(FloatingPointError, match=r"a weight '.*kernel' that held inf before"):
        fit(vae)


def test_a_penalty_is_distinguished_from_the_terms_of_the_rows():
    dense = keras.layers.Dense(5, kernel_regularizer=lambda kernel: tf.reduce_sum(kernel) / 0.0)
    vae = compiled(vae_of(keras.Sequential([dense])))
    with pytest.raises(FloatingPointError, match=r"a loss of -?(inf|nan) from terms that are"):
        fit(vae)


def test_gradients_too_large_to_be_squared_are_not_taken():
    vae = compiled(vae_of(networks.mlp([5]), scale=1e-16))
    with pytest.raises(FloatingPointError, match=r"a gradient of the log-likelihood of .*e\+"):
        fit(vae)
    assert all(np.isfinite(value).all() for value in state(vae))
