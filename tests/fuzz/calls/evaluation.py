"""The calls of `tfp_vae.evaluation`."""

import functools

import keras
import numpy as np

import tfp_vae
from tests.fuzz import fuzzed_models
from tests.fuzz.call import Call, row_count
from tests.fuzz.fuzzed_models import DATA, labels_of, model
from tfp_vae import evaluation, likelihoods, networks, posteriors, priors

_MORE_ROWS = np.tile(fuzzed_models.REAL, [7, 1])
_FACTORS = np.stack([np.arange(42) % 3, np.arange(42) % 2], axis=1)


def _evaluation(name, kind, may_miss=(), **more):
    given = {"vae": None, "x": DATA[kind], "seed": 0, **more}

    def check(answer, passed):
        for field in ("estimate", "elbo_of_rows", "atypicality"):
            if hasattr(answer, field):
                assert len(getattr(answer, field)) == row_count(passed["x"])

    return Call(
        getattr(evaluation, name),
        lambda: {**given, **labels_of(kind), "vae": model(kind)},
        check,
        may_miss=may_miss,
    )


@functools.cache
def _topic_model():
    keras.utils.set_random_seed(0)
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([3]), posteriors.LogisticNormal(2)),
        tfp_vae.Decoder(keras.layers.Identity(), likelihoods.Multinomial([4])),
        prior=priors.LogisticNormal(2),
    )


@functools.cache
def _quantized():
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([3]), posteriors.VectorQuantized(4, 2, positions=2)),
        tfp_vae.Decoder(networks.mlp([3]), likelihoods.Bernoulli([4])),
        prior=priors.VectorQuantized(4, positions=2),
    )


def _several(name):
    return Call(
        getattr(evaluation, name),
        lambda: {
            "models": {"one": model("binary"), "other": model("hierarchical")}, "x": DATA["binary"],
        },
    )  # fmt: skip


CALLS = {
    "evaluation.elbo": _evaluation("elbo", "binary", ("standard_error",)),
    "evaluation.elbo, conditional": _evaluation("elbo", "conditional", ("standard_error",)),
    "evaluation.log_marginal_likelihood": _evaluation(
        "log_marginal_likelihood", "real", ("standard_error",), importance_sample_size=3,
        annealing_steps=2,
    ),
    "evaluation.latent_usage": _evaluation("latent_usage", "real", draws=5),
    "evaluation.code_usage": Call(
        evaluation.code_usage, lambda: {"vae": _quantized(), "x": DATA["binary"], "seed": 0}
    ),
    "evaluation.log_conditional_likelihood": Call(
        evaluation.log_conditional_likelihood,
        lambda: {
            "vae": model("views"), "given": "a", "importance_sample_size": 3, "seed": 0,
            "views": {"a": DATA["binary"][:, :3], "b": DATA["real"][:, :1]},
        },
        may_miss=("standard_error", "mean_standard_error"),
        tolerance=None,
    ),
    "evaluation.inference_gaps": _evaluation(
        "inference_gaps", "real", steps=2, sample_size=2, importance_sample_size=3
    ),
    "evaluation.calibration": _evaluation("calibration", "real"),
    "evaluation.disentanglement": Call(
        evaluation.disentanglement,
        lambda: {"vae": model("real"), "x": _MORE_ROWS, "factors": _FACTORS, "votes": 5},
        may_miss=("mutual_information_gap_standard_error",),
    ),
    "evaluation.unsupervised_disentanglement_ranking": Call(
        evaluation.unsupervised_disentanglement_ranking,
        lambda: {"vaes": [model("real"), model("real")], "x": DATA["real"], "seed": 0},
        may_miss=("pairwise_score",),
    ),
    "evaluation.generation": Call(
        evaluation.generation,
        lambda: {
            "vae": model("real"), "x": _MORE_ROWS, "training_data": _MORE_ROWS[:10],
            "sample_size": 20, "neighbors": 3,
        },
    ),
    "evaluation.clustering": Call(
        evaluation.clustering,
        lambda: {"clusters": np.eye(3)[[0, 1, 1, 2, 0, 1]], "labels": fuzzed_models.LABELS},
    ),
    "evaluation.topics": Call(
        evaluation.topics,
        lambda: {"vae": _topic_model(), "x": fuzzed_models.COUNTS, "words": list("abcd"), "top": 2},
    ),
    "evaluation.topic_coherence": Call(
        evaluation.topic_coherence,
        lambda: {"top_words": [[0, 1], [2, 1]], "x": fuzzed_models.COUNTS},
    ),
    "evaluation.ranking": Call(
        evaluation.ranking,
        lambda: {
            "scores": fuzzed_models.REAL, "held_out": np.eye(4)[[0, 1, 2, 3, 0, 1]],
            "seen": np.eye(4)[[1, 2, 3, 0, 1, 2]], "k": [1, 3],
        },
    ),
    "evaluation.out_of_distribution": _evaluation(
        "out_of_distribution", "real", reference=DATA["real"]
    ),
    "evaluation.posterior_predictive_check": _evaluation(
        "posterior_predictive_check", "real", statistic=np.mean, replicates=3
    ),
    "evaluation.reconstruction_error": _evaluation("reconstruction_error", "holes"),
    "evaluation.baselines": Call(
        evaluation.baselines,
        lambda: {"vae": model("real"), "x_train": DATA["real"], "x": DATA["real"]},
    ),
    "evaluation.compare": _several("compare"),
    "evaluation.rate_distortion": _several("rate_distortion"),
}  # fmt: skip
