"""Disentanglement of seven objectives on drawn sprites, by all scores and several seeds.

The weights of the objectives are the usual ones of their papers for binary pictures of one shape,
not tuned to these; what a score says of an objective depends on them.
"""

import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

import tfp_vae
from tfp_vae import datasets, evaluation, likelihoods, networks, objectives, posteriors

LATENTS = 10
BATCH_SIZE = 64
SEEDS = 5
EPOCHS = 100

METHODS: dict[str, Callable[[int], objectives.Objective]] = {
    "ELBO": lambda _: objectives.ELBO(),
    "beta-VAE": lambda _: objectives.ELBO(kl_weight=4.0),
    "beta-TCVAE": lambda rows: objectives.BetaTCVAE(rows, total_correlation_weight=6.0),
    "FactorVAE": lambda _: objectives.FactorVAE(total_correlation_weight=10.0),
    "MMD-VAE": lambda _: objectives.InfoVAE(mmd_weight=1000.0),
    "DIP-VAE-I": lambda _: objectives.DIPVAE(
        off_diagonal_weight=10.0, diagonal_weight=100.0, covariance="posterior_means"
    ),
    "DIP-VAE-II": lambda _: objectives.DIPVAE(
        off_diagonal_weight=10.0, diagonal_weight=10.0, covariance="aggregate_posterior"
    ),
}
"""Makes an objective for a number of training rows."""

SCORES = {
    "mutual information gap": "mutual_information_gap",
    "FactorVAE": "factor_score",
    "beta-VAE": "beta_vae_score",
    "modularity": "modularity",
    "interventional robustness": "interventional_robustness",
    "DCI disentanglement": "dci_disentanglement",
    "DCI completeness": "dci_completeness",
    "DCI informativeness": "dci_informativeness",
    "separated attribute predictability": "separated_attribute_predictability",
    "explicitness": "explicitness",
    "UDR": "unsupervised_disentanglement_ranking",
    "ELBO (nats)": "elbo",
}
"""The rows of the table, and their names in the results."""


def images(rows: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Returns binary sprites and their factors, all or a random choice."""
    sprites = datasets.sprites(rows)
    return (sprites.images > 0.5).astype(np.float32), sprites.factors


def trained(method: str, x: np.ndarray, seed: int, epochs: int) -> tfp_vae.VAE:
    """Trains a model; the seed determines its weights, its noise and the order of the rows."""
    keras.utils.set_random_seed(seed)
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([256, 256]), posteriors.MultivariateNormalDiag(LATENTS)),
        tfp_vae.Decoder(networks.mlp([256, 256]), likelihoods.Bernoulli(x.shape[1:])),
        objective=METHODS[method](len(x)),
    )
    vae.compile(keras.optimizers.Adam(1e-3))
    vae.fit(x, epochs=epochs, batch_size=BATCH_SIZE, verbose=0)
    return vae


def scores(vae: tfp_vae.VAE, x: np.ndarray, factors: np.ndarray, seed: int) -> dict[str, float]:
    """Returns the scores of one model on all rows."""
    found = evaluation.disentanglement(vae, x, factors, seed=seed)
    known = {name: getattr(found, name) for name in SCORES.values() if hasattr(found, name)}
    return known | {"elbo": float(evaluation.elbo(vae, x, seed=seed).elbo)}


def measure(
    seeds: int, epochs: int, rows: int | None, save: Callable[[dict[str, Any]], None]
) -> None:
    """Trains every objective from every seed, prints the table and saves the scores."""
    x, factors = images(rows)
    runs: dict[str, list[dict[str, float]]] = {}
    for method in METHODS:
        begun = time.perf_counter()
        vaes = [trained(method, x, seed, epochs) for seed in range(seeds)]
        runs[method] = [scores(vae, x, factors, seed) for seed, vae in enumerate(vaes)]
        if seeds > 1:
            ranking = evaluation.unsupervised_disentanglement_ranking(vaes, x)
            for run, score in zip(runs[method], ranking.score, strict=True):
                run["unsupervised_disentanglement_ranking"] = float(score)
        print(f"{method}: {time.perf_counter() - begun:.0f} s", flush=True)
        save({"rows": len(x), "epochs": epochs, "runs": runs})
    print(table(runs))


def table(runs: dict[str, list[dict[str, float]]]) -> str:
    """Returns the mean of every score over the seeds, with its standard error where it has one."""
    lines = [["score", *runs], ["---", *["---:"] * len(runs)]]
    for title, name in SCORES.items():
        if all(name in run for method in runs.values() for run in method):
            cells = [_mean([run[name] for run in method]) for method in runs.values()]
            lines.append([title, *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _mean(values: list[float]) -> str:
    """Returns a mean with its standard error, if there are several values."""
    if len(values) < 2:
        return f"{values[0]:.3f}"
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    digits = 3 if error < 1.0 else 1
    return f"{np.mean(values):.{digits}f} ± {error:.{digits}f}"
