import json
import sys

import numpy as np
import pytest

from benchmarks import data, environments
from benchmarks.peers import architecture


@pytest.mark.nightly
def test_our_script_trains_and_prints_its_results(tmp_path):
    file = tmp_path / "images.npz"
    images = np.random.default_rng(0).integers(0, 2, [60, 12], dtype=np.uint8)
    np.savez(file, x_train=images[:40], x_valid=images[40:])
    command = ["-m", "benchmarks.peers.tfp_vae_fit", "--data", str(file)]
    command += ["--batch-size", "20", "--epochs", "2", "--seed", "1"]
    result = json.loads(environments.run(sys.executable, command))
    assert len(result["images_per_second"]) == 1
    assert len(result["processor_microseconds_an_image"]) == 1
    assert result["processor_microseconds_an_image"][0] > 0
    assert len(result["training_losses"]) == 2
    assert 12 * np.log(2) * 0.5 < result["held_out_loss"] < 40.0
    assert set(result["versions"]) == {"keras", "tensorflow", "tensorflow-probability"}


def test_the_shared_evaluation_is_the_bound_of_a_model_with_the_same_weights():
    from benchmarks.peers.tfp_vae_fit import model

    x = np.random.default_rng(0).integers(0, 2, [4000, 6]).astype(np.float32)
    vae = model(6)
    weights = architecture.as_weights([variable.numpy() for variable in vae.trainable_variables])
    terms = vae.elbo(x, seed=0).elbo.numpy()
    z_score = (architecture.negative_elbo(weights, x) + terms.mean()) / terms.std() * len(x) ** 0.5
    assert abs(z_score) < 6


def test_weights_of_another_architecture_are_refused():
    shapes = architecture.layer_shapes(5)
    weights = {name: (np.zeros(shape), np.zeros(shape[1])) for name, shape in shapes.items()}
    with pytest.raises(ValueError, match="`encoder_1` must be"):
        architecture.negative_elbo(weights, np.zeros([3, 4]))


def test_mnist_is_cut_at_half_of_its_range(tmp_path):
    grey = np.array([0, 127, 128, 255], np.uint8).reshape(1, 2, 2)
    np.savez(tmp_path / "mnist.npz", x_train=grey, x_test=grey)
    assert data.write(tmp_path / "images.npz", tmp_path / "mnist.npz").startswith("MNIST: 1 ")
    with np.load(tmp_path / "images.npz") as arrays:
        np.testing.assert_array_equal(arrays["x_train"], [[0, 0, 1, 1]])


def test_without_mnist_there_are_the_digits(tmp_path):
    said = data.write(tmp_path / "images.npz", tmp_path / "missing.npz")
    assert said.startswith("scikit-learn's digits: 1,500 ")
    with np.load(tmp_path / "images.npz") as arrays:
        assert set(np.unique(arrays["x_train"])) == {0, 1}


def test_every_environment_has_its_requirements_pinned():
    for peer in environments.PEERS:
        if peer.environment is not None:
            text = (environments.REQUIREMENTS / f"{peer.environment}.txt").read_text()
            assert all(requirement.count("==") == 1 for requirement in text.split())
