# ruff: noqa: RUF001 - the Greek letter sigma is meant
"""The forms of losses and samplers that people publish, each read as what it is."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from tfp_vae.audit import audit

tfd = tfp.distributions
D, K = 24, 6
SIZES = {"event_shape": (D,), "latent_size": K}
NORMAL = {"likelihood": "normal", **SIZES}


def kl(m, s):
    return -0.5 * tf.reduce_sum(1 + s - m**2 - tf.exp(s), -1)


def cross_entropy(x, p):
    return tf.reduce_sum(keras.ops.binary_crossentropy(x, p), -1)


def squares(x, d):
    return tf.reduce_sum((x - d) ** 2, -1)


def noise(m):
    return tf.random.normal(tf.shape(m), dtype=m.dtype)


def finding(report, code):
    return next(f for f in report.findings if f.code == code)


def wrong_codes(report):
    return {f.code for f in report.findings if f.severity != "info"}


# ---------------------------------------------------------------------- the scale


SCALES = {
    "0.1 + softplus(s)": lambda s: tf.nn.softplus(s) + 0.1,
    "0.1 + 0.9·softplus(s)": lambda s: 0.1 + 0.9 * tf.nn.softplus(s),
    "0.01 + e^(s/2)": lambda s: tf.exp(s / 2) + 0.01,
    "σ² = 0.001 + softplus(s)": lambda s: tf.sqrt(tf.nn.softplus(s) + 1e-3),
    "σ² = 0.01 + eˢ": lambda s: tf.sqrt(tf.exp(s) + 0.01),
    "1.01 + elu(s)": lambda s: tf.nn.elu(s) + 1.01,
    "2·sigmoid(s)": lambda s: 2.0 * tf.sigmoid(s),
    "log σ = -1.5 + 3.5·tanh(s)": lambda s: tf.exp(-1.5 + 3.5 * tf.tanh(s)),
}


@pytest.mark.parametrize("with_sampler", [True, False])
@pytest.mark.parametrize("words", SCALES)
def test_any_scale_is_read_if_the_sampler_has_it_too(words, with_sampler):
    scale = SCALES[words]

    def loss(x, d, m, s):
        prior = tfd.MultivariateNormalDiag(tf.zeros_like(m), tf.ones_like(m))
        divergence = tfd.kl_divergence(tfd.MultivariateNormalDiag(m, scale(s)), prior)
        return tf.reduce_mean(-tf.reduce_sum(tfd.Bernoulli(logits=d).log_prob(x), -1) + divergence)

    sampler = (lambda m, s: m + scale(s) * noise(m)) if with_sampler else None
    report = audit(loss, sampler, decoder_output="logits", **SIZES)
    assert report.codes == frozenset(), report
    assert report.formula.startswith("[Σ softplus(d) - x·d] + [½ Σ(μ² + σ² - log σ² - 1), ")
    assert words.removeprefix("σ² = ").removeprefix("log σ = ") in report.formula


def test_an_unnamed_scale_is_read_by_the_samplers_values():
    def scale(s):
        return 0.2 + tf.nn.softplus(s) ** 1.3 + 0.05 * tf.sin(s)

    def loss(x, p, m, s):
        each = m**2 + scale(s) ** 2 - 2.0 * tf.math.log(scale(s)) - 1.0
        return cross_entropy(x, p) + 0.5 * tf.reduce_sum(each, -1)

    report = audit(loss, lambda m, s: m + scale(s) * noise(m), **SIZES)
    assert report.codes == frozenset(), report
    mismatched = audit(loss, lambda m, s: m + 2.0 * scale(s) * noise(m), **SIZES)
    assert "scale-mismatch" in mismatched.codes or "kl-formula" in mismatched.codes


def test_a_clipped_log_variance_is_read_with_its_limits():
    loss = lambda x, p, m, s: cross_entropy(x, p) + kl(m, tf.clip_by_value(s, -2.0, 2.5))  # noqa: E731
    report = audit(loss, **SIZES)
    assert report.codes == frozenset(), report
    assert "clip(s, -2, 2.5)" in report.formula


# ---------------------------------------------------------------------- changes that are meant


def each_latent(m, s):
    return -0.5 * (1 + s - m**2 - tf.exp(s))


@pytest.mark.parametrize(
    ("loss", "code", "words", "weight"),
    [
        (
            lambda x, d, m, s: tf.reduce_mean(squares(x, d) + tf.maximum(kl(m, s), 3.0)),
            "free-bits",
            "max(KL, 3) of each example",
            1.0,
        ),
        (
            lambda x, d, m, s: (
                tf.reduce_mean(squares(x, d)) + 10 * tf.abs(tf.reduce_mean(kl(m, s)) - 5.0)
            ),
            "capacity",
            "|KL - 5| of the mean over the batch",
            10.0,
        ),
        (
            lambda x, d, m, s: (
                tf.reduce_mean(squares(x, d)) + tf.maximum(tf.reduce_mean(kl(m, s)) - 5.0, 0.0)
            ),
            "capacity",
            "max(KL - 5, 0) of the mean over the batch",
            1.0,
        ),
        (
            lambda x, d, m, s: tf.reduce_mean(
                squares(x, d) + tf.reduce_sum(tf.maximum(each_latent(m, s), 0.25), -1)
            ),
            "free-bits",
            "max(KL, 0.25) of each latent of each example",
            1.0,
        ),
        (
            lambda x, d, m, s: (
                squares(x, d)
                + tf.reduce_sum(tf.maximum(tf.reduce_mean(each_latent(m, s), 0), 0.25))
            ),
            "free-bits",
            "max(KL, 0.25) of each latent, averaged over the batch",
            1.0,
        ),
        (
            lambda x, d, m, s: (
                tf.reduce_mean(squares(x, d)) + tf.maximum(tf.reduce_mean(kl(m, s)), 0.7)
            ),
            "free-bits",
            "max(KL, 0.7) of the mean over the batch",
            1.0,
        ),
        (
            lambda x, d, m, s: (
                squares(x, d) + tf.reduce_sum(tf.maximum(each_latent(m, s), 0.05), -1)
            ),
            "free-bits",
            "max(KL, 0.05) of each latent of each example",
            1.0,
        ),
    ],
)
def test_floors_and_capacities_are_information_with_their_number(loss, code, words, weight):
    report = audit(loss, expected_kl_weight=weight, **NORMAL)
    assert wrong_codes(report) == set(), report
    assert words in finding(report, code).evidence
    assert "constant" not in report.codes


def test_a_declared_floor_must_be_there():
    floored = lambda x, d, m, s: squares(x, d) + tf.maximum(kl(m, s), 3.0)  # noqa: E731
    assert audit(floored, kl_floor=3.0, **NORMAL).ok
    assert wrong_codes(audit(floored, kl_floor=2.0, **NORMAL)) == {"free-bits"}
    plain = lambda x, d, m, s: squares(x, d) + kl(m, s)  # noqa: E731
    assert wrong_codes(audit(plain, kl_floor=3.0, **NORMAL)) == {"free-bits"}
    assert wrong_codes(audit(plain, kl_capacity=3.0, **NORMAL)) == {"capacity"}


def test_a_floor_does_not_hide_a_wrong_weight():
    loss = lambda x, d, m, s: squares(x, d) + 3.0 * tf.maximum(kl(m, s), 3.0)  # noqa: E731
    assert wrong_codes(audit(loss, **NORMAL)) == {"kl-weight"}


def kl_to(mean, variance):
    def divergence(m, s):
        each = math.log(variance) - s + (tf.exp(s) + (m - mean) ** 2) / variance - 1
        return 0.5 * tf.reduce_sum(each, -1)

    return divergence


@pytest.mark.parametrize("prior", [(0.7, 0.45), (0.0, 4.0), (-1.0, 1.0)])
def test_another_prior_is_a_warning_with_its_numbers_unless_declared(prior):
    loss = lambda x, d, m, s: squares(x, d) + kl_to(*prior)(m, s)  # noqa: E731
    report = audit(loss, **NORMAL)
    assert wrong_codes(report) == {"prior"}
    assert f"N({prior[0]:g}, {prior[1]:g})" in finding(report, "prior").evidence
    assert report.ok
    assert audit(loss, prior=prior, **NORMAL).codes == {"fixed-scale"}
    other = audit(loss, prior=(3.0, 3.0), **NORMAL)
    assert finding(other, "prior").severity == "error"


def test_a_missing_logarithm_is_no_vast_floor():
    loss = lambda x, d, m, s: squares(x, d) + tf.reduce_sum(m**2 + tf.exp(s), -1)  # noqa: E731
    assert "kl-formula" in audit(loss, **NORMAL).codes


def test_half_a_logarithm_is_no_other_prior():
    def loss(x, d, m, s):
        return squares(x, d) + tf.reduce_sum(m**2 + tf.exp(s) - 0.5 * s - 1, -1)

    assert wrong_codes(audit(loss, **NORMAL)) == {"kl-formula"}


def test_the_optimal_scale_is_information():
    def loss(x, d, m, s):
        mse = tf.reduce_mean((x - d) ** 2)
        size = tf.cast(tf.size(x), x.dtype)
        return 0.5 * size * (tf.math.log(mse) + 1) - 0.5 * tf.reduce_sum(1 + s - m**2 - tf.exp(s))

    report = audit(loss, likelihood="normal", event_shape=(6, 5, 3), latent_size=6)
    assert report.codes == {"optimal-scale", "overall-factor"}


def test_a_softly_clipped_optimal_scale_is_information():
    def loss(x, x_hat, mu, logvar):
        log_scale = tf.nn.softplus(0.5 * tf.math.log(tf.reduce_mean((x - x_hat) ** 2)) + 6) - 6
        error = 0.5 * ((x - x_hat) / tf.exp(log_scale)) ** 2 + log_scale + 0.5 * np.log(2 * np.pi)
        return tf.reduce_mean(tf.reduce_sum(error, -1) + kl(mu, logvar))

    assert audit(loss, **NORMAL).codes == {"optimal-scale"}


def test_a_kl_weight_of_zero_can_be_meant():
    def loss(x, d, mu, logvar, beta):
        return squares(x, d) + beta * kl(mu, logvar)

    assert audit(loss, expected_kl_weight=0.0, **NORMAL).codes == {"fixed-scale"}
    full = audit(loss, arguments={"beta": 1.0}, expected_kl_weight=0.0, **NORMAL)
    assert wrong_codes(full) == {"kl-weight"}


# ---------------------------------------------------------------------- exactness


def test_a_formula_is_an_exact_fit_or_none():
    def loss(x, d, m, s):
        return squares(x, d) + 0.5 * tf.reduce_sum(m**2 + tf.exp(2 * s) - 1.999 * s - 1, -1)

    report = audit(loss, **NORMAL)
    assert wrong_codes(report) == {"kl-formula"}
    assert "0.9995·Σs" in finding(report, "kl-formula").evidence
    strange = audit(
        lambda x, d, m, s: squares(x, d) + kl(m, s) + 0.05 * tf.reduce_sum(tf.sin(5 * s), -1),
        **NORMAL,
    )
    assert "no exact sum" in finding(strange, "kl-formula").evidence


def test_an_unused_second_output_is_named():
    def loss(x, d, m, s):
        return squares(x, d) + tf.reduce_sum(-m + 0.5 * (-1 + tf.exp(2 * m) + m**2), -1)

    report = audit(loss, **NORMAL)
    assert wrong_codes(report) == {"kl-formula"}
    evidence = finding(report, "kl-formula").evidence
    assert "s is never used" in evidence
    assert "swapped" not in evidence


# ---------------------------------------------------------------------- sizes


def test_a_batch_size_written_down_is_named_and_can_be_declared():
    def loss(x, d, m, s):
        cross_entropies = tf.nn.sigmoid_cross_entropy_with_logits(x, d)
        return tf.reduce_sum(cross_entropies) / 100 + tf.reduce_mean(kl(m, s))

    report = audit(loss, decoder_output="logits", **SIZES)
    assert report.codes == {"batch-reduction"}
    assert "divided by 100, a batch size written down" in report.findings[0].evidence
    assert "batch_size=100" in report.findings[0].fix
    assert audit(loss, decoder_output="logits", batch_size=100, **SIZES).codes == frozenset()
    assert audit(loss, decoder_output="logits", batch_size=50, **SIZES).codes == {
        "likelihood-weight"
    }


@pytest.mark.parametrize(
    "likelihood",
    [
        lambda x, p: tf.reduce_mean(keras.losses.binary_crossentropy(x, p)) * 30,
        lambda x, p: tf.reduce_sum(keras.losses.binary_crossentropy(x, p), [1, 2]),
    ],
)
def test_a_mean_over_the_colours_alone_is_named(likelihood):
    loss = lambda x, p, m, s: likelihood(x, p) + tf.reduce_mean(kl(m, s))  # noqa: E731
    report = audit(loss, event_shape=(6, 5, 3), latent_size=6)
    assert wrong_codes(report) == {"likelihood-reduction"}
    found = finding(report, "likelihood-reduction")
    assert "1 / number of channels = 0.3333" in found.evidence
    assert "multiply by 3" in found.fix


def test_latents_may_have_axes_of_their_own():
    def loss(x, p, m, s):
        return tf.reduce_mean(cross_entropy(x, p)) + tf.reduce_mean(
            tf.reduce_sum(each_latent(m, s), [1, 2, 3])
        )

    assert audit(loss, event_shape=(D,), latent_size=(2, 3, 4)).codes == frozenset()

    def averaged(x, p, m, s):
        return tf.reduce_mean(cross_entropy(x, p)) + tf.reduce_mean(
            tf.reduce_sum(each_latent(m, s), -1)
        )

    report = audit(averaged, event_shape=(D,), latent_size=(2, 3, 4))
    assert report.codes == {"kl-reduction"}
    assert "size of latent axis 0 · size of latent axis 1" in report.findings[0].evidence


# ---------------------------------------------------------------------- likelihoods


@pytest.mark.parametrize("weight", [1.0, 9.0])
def test_a_graph_autoencoder_is_right(weight):
    def loss(x, logits, m, s):
        likelihood = tf.reduce_mean(tf.nn.weighted_cross_entropy_with_logits(x, logits, weight))
        each = 1 + 2 * s - m**2 - tf.exp(2 * s)
        return likelihood - 0.5 / x.shape[-1] * tf.reduce_mean(tf.reduce_sum(each, 1))

    report = audit(loss, decoder_output="logits", **SIZES)
    assert report.ok
    assert report.clean
    assert report.codes == {"overall-factor", *(["class-weight"] if weight != 1.0 else [])}


def test_beside_an_unreadable_likelihood_no_weight_is_accused():
    def loss(x, p, m, s):
        structure = tf.reduce_mean(tf.abs(tf.sin(x - 2.0 * p)) + 0.1 * (x - p) ** 2)
        return structure + 0.001 * tf.reduce_mean(kl(m, s))

    report = audit(loss, **SIZES)
    assert report.codes == frozenset()
    assert "neither it nor the weight" in report.undetermined[0]
    assert not report.clean


@pytest.mark.parametrize("guard", [1e-7, 1e-6, 1e-4, 1e-3])
def test_a_guard_inside_the_logarithms_is_no_other_likelihood(guard):
    def loss(x, p, m, s):
        each = x * tf.math.log(p + guard) + (1 - x) * tf.math.log(1 - p + guard)
        return -tf.reduce_sum(each, -1) + kl(m, s)

    assert audit(loss, **SIZES).codes == frozenset()


def learned(x, d, v):
    return 0.5 * tf.reduce_sum((x - d) ** 2 / tf.exp(v) + v + math.log(2 * math.pi), -1)


def test_a_decoder_with_a_log_variance_is_read():
    def loss(x, recon, recon_logvar, mu, logvar):
        return learned(x, recon, recon_logvar) + kl(mu, logvar)

    assert audit(loss, **NORMAL).codes == frozenset()

    def in_one(x, out, mu, logvar):
        return learned(x, *tf.split(out, 2, -1)) + kl(mu, logvar)

    assert audit(in_one, **NORMAL).codes == frozenset()

    def halved(x, recon, recon_logvar, mu, logvar):
        return learned(x, recon, recon_logvar) + 0.5 * kl(mu, logvar)

    assert audit(halved, **NORMAL).codes == {"kl-weight"}


# ---------------------------------------------------------------------- arguments and results


def pytorch_order(recon_x, x, mu, logvar):
    return tf.reduce_mean(cross_entropy(x, recon_x) + kl(mu, logvar))


def swapped_order(logvar, mu, x, reconstruction_x):
    return cross_entropy(x, reconstruction_x) + kl(mu, logvar)


def concatenated(y_true, y_pred, encoded):
    return tf.reduce_mean(cross_entropy(y_true, y_pred) + kl(*tf.split(encoded, 2, -1)))


def keyword_only(x, *, x_hat, z_mean, z_log_var):
    return cross_entropy(x, x_hat) + kl(z_mean, z_log_var)


def with_a_weight(recon_x, x, mu, logvar, beta):
    return cross_entropy(x, recon_x) + beta * kl(mu, logvar)


def camel(yTrue, yPred, zMean, zLogVar):  # noqa: N803
    return cross_entropy(yTrue, yPred) + kl(zMean, zLogVar)


@pytest.mark.parametrize(
    "loss", [pytorch_order, swapped_order, concatenated, keyword_only, with_a_weight, camel]
)
def test_arguments_are_bound_by_their_usual_names(loss):
    report = audit(loss, **SIZES)
    assert report.codes == frozenset(), report
    assert "= the decoder's output" in report.binding
    assert report.binding in " ".join(str(report).split())


def test_names_and_constants_can_be_given():
    def loss(a, b, c, d, epoch):
        return cross_entropy(b, a) + min(1.0, epoch / 10) * kl(d, c)

    named = {"x": "b", "decoder_output": "a", "mean": "d", "s": "c", "epoch": 10}
    assert audit(loss, arguments=named, **SIZES).codes == frozenset()
    assert audit(loss, arguments={**named, "epoch": 5}, **SIZES).codes == {"kl-weight"}


def test_a_draw_of_z_that_is_not_used_is_no_hindrance():
    def loss(recon_x, x, mu, log_var, z):
        return cross_entropy(x, recon_x) + kl(mu, log_var)

    assert audit(loss, **SIZES).codes == frozenset()
    assert audit(lambda x, x_hat, mu, logvar, z=None: loss(x_hat, x, mu, logvar, z), **SIZES).ok


def test_a_loss_that_raises_for_what_is_no_scale_is_read():
    def loss(x, logits, mu, std):
        if np.min(std) <= 0:
            raise ValueError("a scale must be positive")
        return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(x, logits), -1) + (
            0.5 * tf.reduce_sum(mu**2 + std**2 - 2 * tf.math.log(std) - 1, -1)
        )

    assert audit(loss, decoder_output="logits", **SIZES).codes == frozenset()


def row_terms(x, p, m, s):
    return cross_entropy(x, p), kl(m, s)


@pytest.mark.parametrize(
    ("form", "entry"),
    [
        (lambda a, b: {"loss": a + b, "kl": b}, "'loss' of the dict"),
        (lambda a, b: {"kl": b, "Total": a + b}, "'Total' of the dict"),
        (lambda a, b: (a + b, a, b), "0 of the tuple"),
        (lambda a, b: (a, b, tf.reduce_mean(a + b)), "2 of the tuple"),
        (lambda a, b: (tf.reduce_mean(a + b), {"kl": b}), "0 of the tuple"),
    ],
)
def test_the_loss_is_found_in_a_tuple_or_dict(form, entry):
    report = audit(lambda x, p, m, s: form(*row_terms(x, p, m, s)), **SIZES)
    assert report.codes == frozenset()
    assert f"loss = entry {entry}" in report.binding


def test_a_tuple_without_the_whole_is_refused_until_an_entry_is_named():
    with pytest.raises(TypeError, match="name the entry with returns="):
        audit(row_terms, **SIZES)
    assert audit(row_terms, returns=1, **SIZES).codes == {"likelihood-formula"}
    with pytest.raises(ValueError, match="`returns` must be one of 0, 1; got 2"):
        audit(row_terms, returns=2, **SIZES)


@pytest.mark.parametrize(
    "shaped",
    [
        lambda rows: rows[:, None],
        lambda rows: rows[:, None, None],
        lambda rows: tf.reduce_mean(rows)[None],
        lambda rows: tf.repeat(rows[:, None], 5, 1),
    ],
)
def test_results_of_more_axes_are_averaged_as_keras_does(shaped):
    loss = lambda x, p, m, s: shaped(cross_entropy(x, p) + kl(m, s))  # noqa: E731
    assert audit(loss, **SIZES).codes == frozenset()


def test_a_keras_loss_of_sequences_is_averaged_over_time():
    def loss(x, y, m, s):
        return keras.losses.mean_squared_error(x, y) + tf.reduce_mean(kl(m, s))

    report = audit(loss, likelihood="normal", event_shape=(4, 6), latent_size=6)
    assert wrong_codes(report) == {"likelihood-reduction"}
    assert report.formula.startswith("1/12 · [½ Σ(x - d)²] + [½ Σ")


def test_terms_that_meet_in_wrong_shapes_are_told():
    loss = lambda x, p, m, s: cross_entropy(x, p)[:, None] + kl(m, s)  # noqa: E731
    assert audit(loss, **SIZES).codes == {"broadcast"}

    def images(x, y, m, s):
        return tf.reduce_mean(keras.losses.mean_squared_error(x, y) + kl(m, s))

    report = audit(images, likelihood="normal", event_shape=(6, 5, 3), latent_size=6)
    assert wrong_codes(report) == {"broadcast", "likelihood-reduction"}
    assert "batches of 1, or of 5" in finding(report, "broadcast").evidence


# ---------------------------------------------------------------------- samplers


def sampling(args):
    z_mean, z_log_var = args
    return z_mean + tf.exp(0.5 * z_log_var) * noise(z_mean)


class Sampling(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.seed_generator = keras.random.SeedGenerator(1)

    def call(self, inputs):
        z_mean, z_log_var = inputs
        epsilon = keras.random.normal(keras.ops.shape(z_mean), seed=self.seed_generator)
        return z_mean + keras.ops.exp(0.5 * z_log_var) * epsilon


class WrongSampling(Sampling):
    def call(self, inputs):
        z_mean, z_log_var = inputs
        epsilon = keras.random.normal(keras.ops.shape(z_mean), seed=self.seed_generator)
        return z_mean + keras.ops.exp(z_log_var) * epsilon


def stateless(mean, log_var, seed):
    return mean + tf.exp(log_var / 2) * tf.random.stateless_normal(
        tf.shape(mean), seed=seed, dtype=mean.dtype
    )


def generator(rng, mu, log_var):
    return np.asarray(mu) + np.exp(np.asarray(log_var) / 2) * rng.normal(size=np.shape(mu))


def reversed_order(log_var, mu):
    return mu + tf.exp(log_var / 2) * noise(mu)


def with_noise(mean, log_var):
    epsilon = noise(mean)
    return mean + tf.exp(log_var / 2) * epsilon, epsilon


@pytest.mark.parametrize(
    "sampler", [sampling, Sampling(), stateless, generator, reversed_order, with_noise]
)
def test_samplers_come_in_many_forms(sampler):
    assert audit(lambda x, p, m, s: cross_entropy(x, p) + kl(m, s), sampler, **SIZES).codes == (
        frozenset()
    )


def test_a_layer_with_another_scale_is_found():
    loss = lambda x, p, m, s: cross_entropy(x, p) + kl(m, s)  # noqa: E731
    assert audit(loss, WrongSampling(), **SIZES).codes == {"scale-mismatch"}


@pytest.mark.parametrize(
    "sampler",
    [
        lambda m, s: m + tf.exp(s),
        lambda m, s: m + tf.exp(s / 2),
        lambda m, s: m + 0.37 * tf.exp(s / 2),
    ],
)
def test_a_sampler_without_noise_is_one_mistake(sampler):
    loss = lambda x, d, m, s: squares(x, d) + kl(m, s)  # noqa: E731
    report = audit(loss, sampler, **NORMAL)
    assert wrong_codes(report) == {"sampler-noise"}
    assert "adds no noise" in finding(report, "sampler-noise").evidence


# ---------------------------------------------------------------------- corrections


def corrected(report, **names):
    space = {"tf": tf, "tfd": tfd, "np": np, "keras": keras, **names}
    exec(report.corrected_code.split("\n\nz = ")[0], space)
    return space["loss"]


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (
            lambda x, d, m, s: (
                -tf.reduce_sum(tfd.Normal(d, tf.cast(0.05, d.dtype)).log_prob(x), -1)
                - 0.5 * tf.reduce_mean(1 + s - m**2 - tf.exp(s), -1)
            ),
            "400 · [½ Σ(x - d)²]",
        ),
        (
            lambda x, d, m, s: tf.reduce_mean((x - d) ** 2, -1) + kl(m, s),
            "2 · [½ Σ(x - d)²]",
        ),
    ],
)
def test_a_correction_keeps_the_measured_scale(loss, words):
    report = audit(loss, **NORMAL)
    assert not report.ok
    again = audit(corrected(report), **NORMAL)
    assert again.codes == {"fixed-scale"}
    assert again.formula.startswith(words)


def test_a_correction_keeps_names_floor_and_prior():
    def loss(recon_x, x, mu, logvar):
        each = 0.5 * (math.log(2.0) - logvar + (tf.exp(logvar) + mu**2) / 2.0 - 1)
        return tf.reduce_mean((x - recon_x) ** 2, -1) + tf.reduce_sum(tf.maximum(each, 0.2), -1)

    report = audit(loss, **NORMAL)
    assert "likelihood-reduction" in report.codes
    assert report.corrected_code.startswith("def loss(recon_x, x, mu, logvar):")
    again = audit(corrected(report), prior=(0.0, 2.0), kl_floor=0.2, **NORMAL)
    assert again.codes == {"fixed-scale", "free-bits"}


def test_a_numpy_loss_is_corrected_in_numpy():
    def loss(y_true, y_pred, z_mean, z_log_var):
        each = y_true * np.log(y_pred + 1e-7) + (1 - y_true) * np.log(1 - y_pred + 1e-7)
        return np.mean(-np.sum(each, -1) + np.sum(np.square(z_mean) + np.exp(z_log_var), -1))

    report = audit(loss, **SIZES)
    assert report.codes == {"kl-formula"}
    assert "np.sum(z_mean**2 + np.exp(z_log_var) - z_log_var - 1.0, axis=-1)" in (
        report.corrected_code
    )
    assert audit(corrected(report), **SIZES).codes == frozenset()
