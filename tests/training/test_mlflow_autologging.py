"""MLflow's autologging of Keras logs what a VAE is fitted with, on arrays and on datasets."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support.small_models import BINARY, compiled_vae

mlflow = pytest.importorskip("mlflow", reason="the extra `mlflow` is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def tracked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.set_experiment("digits")
    mlflow.keras.autolog()
    yield
    mlflow.keras.autolog(disable=True)


def runs():
    return mlflow.search_runs(output_format="list")


@pytest.mark.parametrize("kind", ["array", "dataset"])
def test_terms_arguments_and_model_are_logged(kind):
    vae = compiled_vae()
    dataset = tf.data.Dataset.from_tensor_slices(BINARY).batch(10)
    x = {"array": BINARY, "dataset": dataset}[kind]
    history = vae.fit(x, validation_data=BINARY, epochs=3, verbose=0).history
    (run,) = runs()
    assert run.data.params["epochs"] == "3"
    assert run.data.params["opt_name"].startswith("adam")
    client = mlflow.MlflowClient()
    for name, values in history.items():
        logged = sorted(client.get_metric_history(run.info.run_id, name), key=lambda m: m.step)
        np.testing.assert_allclose([each.value for each in logged], values, rtol=1e-6)
    assert run.info.status == "FINISHED"
    (model,) = mlflow.search_logged_models(output_format="list")
    loaded = mlflow.keras.load_model(f"models:/{model.model_id}")
    np.testing.assert_array_equal(loaded.elbo(BINARY, seed=0).elbo, vae.elbo(BINARY, seed=0).elbo)


def test_the_active_run_is_used_and_not_ended():
    vae = compiled_vae()
    with mlflow.start_run() as run:
        for _ in range(2):
            vae.fit(BINARY, verbose=0)
        assert mlflow.active_run().info.run_id == run.info.run_id
    (found,) = runs()
    assert found.info.run_id == run.info.run_id
    assert "elbo" in found.data.metrics


def test_a_fit_that_fails_is_a_failed_run():
    with pytest.raises(ValueError, match="`x` must have shape"):
        compiled_vae().fit(BINARY[:, :2])
    assert runs() == []

    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        compiled_vae().fit(BINARY, verbose=0, callbacks=[Stop()])
    (run,) = runs()
    assert run.info.status == "FAILED"


def test_nothing_is_logged_twice_or_where_it_is_off():
    with mlflow.start_run():
        callback = mlflow.keras.MlflowCallback()
        compiled_vae().fit(BINARY, verbose=0, callbacks=[callback])
    (run,) = runs()
    assert "opt_name" not in run.data.params
    mlflow.keras.autolog(disable=True)
    compiled_vae().fit(BINARY, verbose=0)
    assert len(runs()) == 1


@pytest.mark.parametrize("flavor", ["keras", "tensorflow"])
def test_the_settings_of_autologging_are_kept(flavor):
    mlflow.keras.autolog(disable=True)
    integration = getattr(mlflow, flavor)
    integration.autolog(log_models=False)
    compiled_vae().fit(BINARY, verbose=0)
    integration.autolog(disable=True)
    (run,) = runs()
    assert "elbo" in run.data.metrics
    assert mlflow.search_logged_models(output_format="list") == []
