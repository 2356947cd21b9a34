"""Clusters of MNIST's images without labels, over several seeds, beside scikit-learn's.

The model is the one of Jiang et al. (2017), "Variational deep embedding": ten normal components
over ten latents. They report an accuracy of 0.9446, from networks that an autoencoder of stacked
layers has trained before; here `MixtureInitialization` trains with one normal first.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

import tfp_vae
from benchmarks import data, results
from tfp_vae import callbacks, evaluation, likelihoods, networks, posteriors, priors

PUBLISHED = 0.9446
"""The accuracy in table 2 of the paper, on all 70,000 images."""

LATENTS = 10
CLUSTERS = 10
EPOCHS = 25
EPOCHS_OF_ONE_NORMAL = 10
BATCH_SIZE = 128
SEEDS = 10

Found = Callable[[np.ndarray, np.ndarray, int, int], np.ndarray]
"""From training rows, rows, a seed and epochs to the clusters of the rows."""


def mixture_prior(x: np.ndarray, rows: np.ndarray, seed: int, epochs: int) -> np.ndarray:
    """Returns p(cluster | x) of rows, of a model trained on `x`."""
    keras.utils.set_random_seed(seed)
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([500, 500]), posteriors.MultivariateNormalDiag(LATENTS)),
        tfp_vae.Decoder(networks.mlp([500, 500]), likelihoods.Bernoulli([x.shape[1]])),
        prior=priors.MixtureOfGaussians(CLUSTERS),
    )
    vae.compile("adam")
    first = min(EPOCHS_OF_ONE_NORMAL, epochs - 1)
    start = callbacks.MixtureInitialization(x, epochs=first)
    vae.fit(x, epochs=epochs, batch_size=BATCH_SIZE, verbose=0, callbacks=[start])
    return np.asarray(vae.cluster(rows, verbose=0))


def k_means(x: np.ndarray, rows: np.ndarray, seed: int, epochs: int) -> np.ndarray:
    """Returns the clusters of k-means on the pixels."""
    del epochs
    from sklearn.cluster import KMeans

    return np.asarray(KMeans(CLUSTERS, n_init=3, random_state=seed).fit(x).predict(rows))


def mixture_of_components(x: np.ndarray, rows: np.ndarray, seed: int, epochs: int) -> np.ndarray:
    """Returns the clusters of a mixture of normals on ten principal components."""
    del epochs
    from sklearn.decomposition import PCA
    from sklearn.mixture import GaussianMixture

    pca = PCA(LATENTS, random_state=seed).fit(x)
    mixture = GaussianMixture(CLUSTERS, random_state=seed).fit(pca.transform(x))
    return np.asarray(mixture.predict(pca.transform(rows)))


METHODS: dict[str, Found] = {
    "tfp_vae, mixture prior": mixture_prior,
    "k-means on pixels": k_means,
    "normal mixture on 10 principal components": mixture_of_components,
}


def measure(
    mnist: Path, seeds: int, epochs: int, rows: int | None, save: Callable[[dict[str, Any]], None]
) -> None:
    """Clusters the training images by every method, and scores the test images' clusters."""
    x, _, test, classes = data.labelled(mnist)
    x = x[:rows]
    runs: dict[str, dict[str, Any]] = {}
    for method, clusters_of in METHODS.items():
        begun = time.perf_counter()
        scores = [
            evaluation.clustering(clusters_of(x, test, seed, epochs), classes)
            for seed in range(seeds)
        ]
        runs[method] = {
            "seconds": (time.perf_counter() - begun) / seeds,
            "accuracy": results.spread([each.accuracy for each in scores]),
            "normalized_mutual_information": results.spread(
                [each.normalized_mutual_information for each in scores]
            ),
        }
        print(f"{method}: {runs[method]}", flush=True)
        save(
            {"rows": len(x), "epochs": epochs, "seeds": seeds, "published": PUBLISHED, "runs": runs}
        )


def lines(measured: dict[str, Any]) -> Iterator[str]:
    """Yields the lines of the page."""
    yield (
        f"Ten clusters of {measured['rows']:,} binary training images of MNIST, judged by the "
        f"classes of the test images: median (range) over {measured['seeds']} seeds, after "
        f"{measured['epochs']} epochs. Jiang et al. (2017) report an accuracy of "
        f"{measured['published']:.3f}."
    )
    yield ""
    yield "| method | accuracy | normalised mutual information | seconds a seed |"
    yield "|---|---|---|---:|"
    for method, run in measured["runs"].items():
        cells = [
            f"{run[name]['median']:.3f} ({run[name]['lowest']:.3f} to {run[name]['highest']:.3f})"
            for name in ("accuracy", "normalized_mutual_information")
        ]
        yield f"| {method} | {' | '.join(cells)} | {run['seconds']:.0f} |"
