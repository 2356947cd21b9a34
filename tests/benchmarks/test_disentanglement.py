"""The table of disentanglement, measured on a few rows."""

import numpy as np
import pytest

from benchmarks import disentanglement


def test_every_method_trains_a_model_of_sprites():
    x, _ = disentanglement.images(40)
    assert set(np.unique(x)) == {0.0, 1.0}
    for method in disentanglement.METHODS:
        vae = disentanglement.trained(method, x[:1], seed=0, epochs=0)
        assert type(vae.objective) is type(disentanglement.METHODS[method](1))


@pytest.mark.nightly
@pytest.mark.filterwarnings("ignore")
def test_the_table_has_a_mean_and_an_error_of_every_score(capsys, monkeypatch):
    chosen = {name: disentanglement.METHODS[name] for name in ("ELBO", "FactorVAE")}
    monkeypatch.setattr(disentanglement, "METHODS", chosen)
    saved = []
    disentanglement.measure(seeds=2, epochs=1, rows=150, save=saved.append)
    printed = capsys.readouterr().out
    for title in disentanglement.SCORES:
        assert f"| {title} |" in printed
    runs = saved[-1]["runs"]
    elbos = [run["elbo"] for run in runs["ELBO"]]
    error = abs(elbos[0] - elbos[1]) / 2.0
    digits = 3 if error < 1.0 else 1
    assert f"{np.mean(elbos):.{digits}f} ± {error:.{digits}f}" in printed
    assert saved[-1]["rows"] == 150
    assert all(np.isfinite(list(run.values())).all() for each in runs.values() for run in each)
