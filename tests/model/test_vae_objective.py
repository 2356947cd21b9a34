"""Setting another objective on a model takes effect at once, however the model is trained."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfp_vae
from tests.support.small_models import BINARY, LOGS, compiled_vae, small_vae
from tfp_vae import likelihoods, networks, objectives, posteriors


class EveryBatch(keras.callbacks.Callback):
    """Makes `fit` go batch by batch."""

    def on_train_batch_end(self, batch, logs=None):
        pass


def trained(objectives_in_turn, way):
    """Returns the log of one epoch on each objective, and the model."""
    keras.utils.set_random_seed(0)
    vae, logs = compiled_vae(objective=objectives_in_turn[0]), []
    for objective in objectives_in_turn:
        vae.objective = objective
        callbacks = [EveryBatch()] if way == "batches" else None
        keras.utils.set_random_seed(1)
        log = vae.fit(BINARY, batch_size=8, verbose=0, shuffle=False, callbacks=callbacks)
        logs.append({name: values[0] for name, values in log.history.items()})
    return logs, vae


@pytest.mark.nightly
@pytest.mark.parametrize("way", ["loop", "batches"])
def test_training_goes_on_with_the_other_objective(way):
    doubled, plain = objectives.ELBO(kl_weight=2.0), objectives.ELBO()
    (first, second), vae = trained([plain, doubled], way)
    assert first["loss"] == pytest.approx(-first["elbo"])
    assert second["loss"] == pytest.approx(second["kl_divergence"] - second["elbo"])
    assert int(vae.optimizer.iterations) == 6
    scored = vae.evaluate(BINARY, verbose=0, return_dict=True)
    assert scored["loss"] == pytest.approx(scored["kl_divergence"] - scored["elbo"])


@pytest.mark.nightly
def test_the_weights_are_those_of_a_model_that_was_made_with_it():
    """With the optimizer's state and the noise of the same steps."""
    iwae = objectives.IWAE(3)
    _, exchanged = trained([objectives.ELBO(), iwae], "loop")
    _, before = trained([objectives.ELBO()], "loop")
    made = compiled_vae(objective=iwae)
    made.set_weights(before.get_weights())
    made.optimizer.build(made.trainable_variables)
    for variable, value in zip(made.optimizer.variables, before.optimizer.variables, strict=True):
        variable.assign(value)
    keras.utils.set_random_seed(1)
    made.fit(BINARY, batch_size=8, verbose=0, shuffle=False)
    for one, another in zip(exchanged.get_weights(), made.get_weights(), strict=True):
        np.testing.assert_allclose(one, another, rtol=1e-6, atol=1e-7)


@pytest.mark.nightly
@pytest.mark.parametrize("way", ["loop", "batches"])
def test_the_log_shows_the_schedules_of_the_present_objective(way):
    warmed = objectives.ELBO(kl_weight=objectives.LinearWarmUp(100))
    (first, second, third), _ = trained([objectives.ELBO(), warmed, objectives.IWAE(2)], way)
    assert sorted(first) == LOGS == sorted(third)
    # The number of the step goes on: the sixth is the last.
    assert second["kl_weight"] == pytest.approx(0.05)


@pytest.mark.nightly
@pytest.mark.parametrize("way", ["loop", "batches"])
def test_a_callback_may_exchange_it(way):
    class Exchanging(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 0:
                self.model.objective = objectives.ELBO(kl_weight=2.0)

    vae = compiled_vae()
    callbacks = [Exchanging(), *([EveryBatch()] if way == "batches" else [])]
    options = {"batch_size": 8, "verbose": 0, "validation_data": BINARY}
    log = vae.fit(BINARY, epochs=2, callbacks=callbacks, **options).history
    for prefix in ("", "val_"):
        more = np.add(log[f"{prefix}loss"], log[f"{prefix}elbo"]) / log[f"{prefix}kl_divergence"]
        np.testing.assert_allclose(more, [0.0, 1.0], atol=1e-4)


def test_a_file_has_the_present_objective(tmp_path):
    vae = compiled_vae()
    vae.objective = objectives.IWAE(4)
    vae.save(tmp_path / "vae.keras")
    assert repr(tfp_vae.load(tmp_path / "vae.keras").objective) == repr(vae.objective)
    assert "IWAE" in repr(vae.objective)


def test_one_objective_serves_two_models_each_of_which_says_whether_its_kl_is_exact():
    objective = objectives.ELBO()
    before = repr(objective), dict(vars(objective))
    exact = small_vae(objective=objective)
    estimated = tfp_vae.HierarchicalVAE.from_mlps(
        likelihoods.Bernoulli([4]), latent_sizes=[3, 2], units=[[5], [4]], objective=objective
    )
    declared = []
    for vae in (exact, estimated):
        lines = []
        vae.summary(print_fn=lines.append)
        declared.append(lines[-1].strip())
        assert vae.objective is objective
    assert declared[0] == "KL: exact"
    assert declared[1].startswith("KL: Monte Carlo estimate")
    assert (repr(objective), vars(objective)) == before


def test_a_model_that_is_not_compiled_takes_another():
    vae = small_vae()
    vae.objective = objectives.IWAE(64)
    vae.compile(run_eagerly=True)
    log = vae.fit(BINARY, verbose=0).history
    assert log["loss"][0] < -log["elbo"][0]


def test_under_a_strategy():
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    with strategy.scope():
        vae = small_vae()
        vae.compile()
    vae.fit(BINARY, batch_size=8, verbose=0)
    vae.objective = objectives.ELBO(kl_weight=objectives.LinearWarmUp(100))
    log = vae.fit(BINARY, batch_size=8, verbose=0).history
    assert log["kl_weight"][0] == pytest.approx(0.05)


def test_what_makes_no_sense_is_refused_and_the_old_one_stays():
    decoder = tfp_vae.Decoder(networks.mlp([5]), likelihoods.Bernoulli([4]))
    encoder = tfp_vae.Encoder(networks.mlp([5]), posteriors.MultivariateNormalTriL(2))
    vae = tfp_vae.VAE(encoder, decoder)
    vae.compile(run_eagerly=True)
    before = vae.objective
    with pytest.raises(TypeError, match="`objective` must be a"):
        vae.objective = "IWAE"
    with pytest.raises(ValueError, match="`free_bits` must be 0"):
        vae.objective = objectives.ELBO(free_bits=0.5)
    assert vae.objective is before
    vae.fit(BINARY, verbose=0)
