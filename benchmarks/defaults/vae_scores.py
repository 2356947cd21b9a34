"""The figures of a trained VAE of ours."""

import time
import warnings
from collections.abc import Callable

import keras
import numpy as np

import tfp_vae
from benchmarks.defaults import measures, ours
from benchmarks.defaults.real_data import Split
from benchmarks.defaults.scores import Score
from tfp_vae import evaluation

IMPORTANCE_SAMPLES = 1000


def default(data: Split, latent_size: int, _: np.ndarray) -> Score:
    """Trains and scores the default model."""
    return timed(lambda: ours.train(data, latent_size), data)


def timed(train: Callable[[], tfp_vae.VAE], data: Split) -> Score:
    """Trains a model and scores it."""
    keras.utils.set_random_seed(0)
    begun = time.process_time()
    vae = train()
    return score(vae, data.x_test, time.process_time() - begun)


def score(vae: tfp_vae.VAE, x: np.ndarray, seconds: float) -> Score:
    """Scores a trained model on held-out rows `[N, *event]`."""
    with warnings.catch_warnings():
        # The number of such rows stands in the notes.
        warnings.filterwarnings("ignore", "(?s).*effective sample size")
        estimate = evaluation.log_marginal_likelihood(vae, x, IMPORTANCE_SAMPLES, seed=0)
    likelihood = vae.decoder.likelihood
    notes = {
        "likelihood": type(likelihood).__name__,
        "rows_of_few_effective_samples": int((estimate.effective_sample_size < 10.0).sum()),
        "parameters": int(vae.count_params()),
    }
    if hasattr(likelihood, "parts"):
        notes["parts"] = {
            type(part).__name__: len(columns)
            for columns, part in zip(likelihood.columns, likelihood.parts, strict=True)
        }
    discrete = measures.discrete_columns(likelihood)
    return Score(estimate.estimate, discrete, vae.predict(x, verbose=0), seconds, notes)
