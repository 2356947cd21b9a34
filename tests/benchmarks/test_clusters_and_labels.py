"""Clusters, classes and views of images, measured on a few small ones."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from benchmarks import clusters, data, labels, report, views

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def images(tmp_path):
    digits = load_digits()
    bytes_ = (digits.images * (255 / 16)).astype(np.uint8)
    np.savez(
        tmp_path / "images.npz",
        x_train=bytes_[:1000],
        y_train=digits.target[:1000],
        x_test=bytes_[1000:1200],
        y_test=digits.target[1000:1200],
    )
    return tmp_path / "images.npz"


def test_images_come_with_their_classes(images):
    x, y, test, classes = data.labelled(images)
    assert x.shape == (1000, 64)
    assert test.shape == (200, 64)
    assert set(np.unique(x)) == {0.0, 1.0}
    np.testing.assert_array_equal(y, load_digits().target[:1000])
    np.testing.assert_array_equal(classes, load_digits().target[1000:1200])
    grey, *_ = data.labelled(images, binary=False)
    assert 0.0 < np.mean(grey) < 1.0
    assert len(np.unique(grey)) > 2


def test_every_class_has_as_many_labels():
    classes = load_digits().target
    known = labels.some_labels(classes, 100, seed=0)
    assert np.bincount(known[known >= 0]).tolist() == [10] * 10
    np.testing.assert_array_equal(known[known >= 0], classes[known >= 0])
    assert not np.array_equal(known, labels.some_labels(classes, 100, seed=1))


def test_the_page_has_a_row_for_every_method():
    spread = {"median": 0.7, "lowest": 0.6, "highest": 0.8}
    run = {"seconds": 3.2, "accuracy": spread, "normalized_mutual_information": spread}
    of_clusters = {
        "machine": "m",
        "rows": 60_000,
        "seeds": 10,
        "epochs": 25,
        "published": 0.9446,
        "runs": {"k-means on pixels": run},
    }
    run = {"seconds": 9.0, "error": spread, "regression": spread, "published": 3.33}
    of_labels = {"machine": "m", "rows": 60_000, "seeds": 5, "epochs": 60}
    of_labels["runs"] = {"M1+M2": {"100": run}}
    run = {"seconds": 9.0, **dict.fromkeys(("label_accuracy", "coherence"), spread)}
    run["log_likelihood"] = {"median": -101.0, "lowest": -102.0, "highest": -100.0}
    of_views = {"machine": "m", "rows": 10_000, "seeds": 3, "epochs": 30, "classifier": 0.87}
    of_views["runs"] = {"tfp_vae, product": run}
    page = report.render({"clusters": of_clusters, "labels": of_labels, "views": of_views})
    cell = "0.700 (0.600 to 0.800)"
    assert f"| k-means on pixels | {cell} | {cell} | 3 |" in page
    assert "| M1+M2 | 100 | 0.70 (0.60 to 0.80) | 3.33 | 0.70 (0.60 to 0.80) | 9 |" in page
    assert f"| tfp_vae, product | {cell} | {cell} | -101.0 (-102.0 to -100.0) | 9 |" in page


@pytest.mark.nightly
def test_clusters_of_every_method_are_scored(images):
    saved = []
    clusters.measure(images, seeds=2, epochs=3, rows=500, save=saved.append)
    assert saved[-1]["runs"].keys() == clusters.METHODS.keys()
    for run in saved[-1]["runs"].values():
        assert 0.1 < run["accuracy"]["lowest"] <= run["accuracy"]["highest"] <= 1.0


@pytest.mark.nightly
def test_errors_of_both_models_are_measured(images):
    saved = []
    for method in labels.PUBLISHED:
        earlier = saved[-1] if saved else {}
        labels.measure(images, [method], [100], 1, 50, earlier, saved.append)
    assert saved[-1]["runs"].keys() == labels.PUBLISHED.keys()
    for of_method in saved[-1]["runs"].values():
        assert of_method["100"]["error"]["median"] < 90.0
        assert of_method["100"]["regression"]["median"] < 60.0


@pytest.mark.nightly
def test_views_of_every_kind_are_scored(images, monkeypatch):
    for name, value in {
        "UNITS": 30,
        "LATENTS": 5,
        "SCORED_ROWS": 5,
        "IMPORTANCE_SAMPLES": 5,
    }.items():
        monkeypatch.setattr(views, name, value)
    saved = []
    views.measure(images, None, seeds=1, epochs=3, rows=400, save=saved.append)
    assert saved[-1]["runs"].keys() == {f"tfp_vae, {kind}" for kind in views.KINDS}
    for run in saved[-1]["runs"].values():
        assert 0.0 <= run["coherence"]["median"] <= 1.0
        assert run["log_likelihood"]["median"] < 0.0
