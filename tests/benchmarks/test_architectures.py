"""The networks whose speed is compared are the same, and so are their bounds."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from benchmarks import architectures


@pytest.mark.nightly
@pytest.mark.parametrize(
    "kind", [kind for kind in architectures.KINDS if not kind.startswith("convolutional")]
)
def test_ours_and_that_by_hand_have_the_same_weights_and_bound(kind):
    shape, *makers = architectures.KINDS[kind]
    x = architectures.drawn_shapes(shape)
    sizes, losses = [], []
    for make in makers:
        model = make()
        # Steps of length 0: all rows see the same weights.
        model.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
        model.fit(x[:2], batch_size=2, verbose=0)
        sizes.append(sum(np.size(weights) for weights in model.trainable_weights))
        for weights in model.trainable_weights:
            weights.assign(np.zeros(weights.shape))
        losses.append(model.fit(x, batch_size=500, verbose=0).history["loss"][-1])
    assert sizes[0] == sizes[1]
    # 784 log 2 for the rows, whose logits are 0, and a divergence, from the draws of 1,000 rows
    # with a standard error of about 0.1.
    assert losses[0] == pytest.approx(losses[1], abs=0.6)
    assert losses[0] > 784 * np.log(2.0) - 0.6


class Fitted:
    """Stands for a model that is trained."""

    trainable_weights = ()

    def fit(self, x, epochs, batch_size, verbose):
        assert (len(x), epochs, batch_size) == (architectures.ROWS, 1, architectures.BATCH)
        return SimpleNamespace(history={"loss": [200.0]})


@pytest.fixture
def measured(monkeypatch):
    """Returns a function that measures the dense network, and returns what it saves."""
    names = (architectures.OURS, architectures.WITH_XLA, architectures.WITHOUT)
    monkeypatch.setattr(architectures, "models", lambda kind: {name: Fitted() for name in names})

    def measure(known):
        saved = []
        architectures.measure(2, ["dense"], known, saved.append)
        (result,) = saved
        return result

    return measure


def test_a_framework_that_is_not_installed_is_left_out_and_its_rows_kept(
    measured, monkeypatch, capsys
):
    monkeypatch.setattr(architectures, "OTHERS", {"Absent, by hand": ("no_such_package", "no.one")})
    stored = {"kind": "dense", "model": "Absent, by hand", "loss": 1.0}
    result = measured({"rows": [stored], "versions": {"no_such_package": "1.2"}})
    assert result["rows"][-1] is stored
    assert len(result["rows"]) == 4
    assert result["versions"]["no_such_package"] == "1.2"
    assert "Without no_such_package, the rows 'Absent, by hand' are left out.\n" in (
        capsys.readouterr().err
    )


def test_a_framework_trains_the_networks_that_it_has(measured, monkeypatch):
    def epochs(kind, x, batch_size):
        assert (kind, len(x), batch_size) == ("dense", architectures.ROWS, architectures.BATCH)
        return lambda: 123.0, 45

    with_dense = SimpleNamespace(KINDS={"dense": None}, VERSION="3.4", epochs=epochs)
    without = SimpleNamespace(KINDS={}, VERSION="5.6")
    others = {"A, by hand": ("a", ""), "B, by hand": ("b", "")}
    monkeypatch.setattr(architectures, "OTHERS", others)
    monkeypatch.setattr(
        architectures, "installed", lambda: {"A, by hand": with_dense, "B, by hand": without}
    )
    result = measured({})
    assert [row["model"] for row in result["rows"][3:]] == ["A, by hand"]
    row = result["rows"][-1]
    assert (row["loss"], row["weights"], row["epochs"]) == (123.0, 45, 3)
    assert result["versions"]["a"] == "3.4"
