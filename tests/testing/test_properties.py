"""Every property of the bound has been seen to fail, of a wrong model or of broken code."""

import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

import tfp_vae
from tfp_vae import divergences, likelihoods, networks, objectives, posteriors, training
from tfp_vae.objectives import importance_weights
from tfp_vae.testing import properties
from tfp_vae.testing.properties import PROPERTIES, NotApplicable, Subject

X = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0], [0, 0, 0]])


def model(posterior=None, likelihood=None, **options):
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([4]), posterior or posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([4]), likelihood or likelihoods.Bernoulli([3])),
        **options,
    )


class Wrong(posteriors.MultivariateNormalDiag):
    """A posterior whose density is not that of its draws."""

    def distribution(self, loc, scale):
        q = super().distribution(loc, scale)

        class Shifted(type(q)):
            def _sample_n(self, *args, **kwargs):
                return super()._sample_n(*args, **kwargs) + 1.0

            def _call_sample_n(self, *args, **kwargs):
                return super()._call_sample_n(*args, **kwargs) + 1.0

        return Shifted(q.loc, q.scale.diag_part())


class Mixing(posteriors.MultivariateNormalDiag):
    """A posterior that looks at the other rows."""

    def distribution(self, loc, scale):
        return super().distribution(loc + tf.reduce_sum(loc, axis=0, keepdims=True), scale)


class Forgetful(likelihoods.Bernoulli):
    """A likelihood that does not see the latents."""

    def distribution(self, logits):
        return super().distribution(tf.stop_gradient(logits))


class Stateful(posteriors.MultivariateNormalDiag):
    """A posterior that draws from TensorFlow's global state."""

    def distribution(self, loc, scale):
        class Drawn(tfd.MultivariateNormalDiag):
            def _call_sample_n(self, sample_shape, seed, **kwargs):
                shape = tf.concat([[sample_shape], tf.shape(self.loc)], axis=0)
                return self.loc + self.scale.diag_part() * tf.random.normal(shape)

        return Drawn(loc, tf.nn.softplus(scale))


class Detached(posteriors.MultivariateNormalDiag):
    """A posterior whose draws pass no gradient on, though they say that they do."""

    def distribution(self, loc, scale):
        q = super().distribution(loc, scale)

        class Cut(type(q)):
            def _call_sample_n(self, *args, **kwargs):
                return tf.stop_gradient(super()._call_sample_n(*args, **kwargs))

        return Cut(q.loc, q.scale.diag_part())


@keras.saving.register_keras_serializable(package="tests")
class Unsaid(likelihoods.Normal):
    """A likelihood whose config does not have all that it depends on."""

    def get_config(self):
        return {**super().get_config(), "scale": 1.0}


class Single(likelihoods.Normal):
    """A likelihood that is another one in single precision."""

    def distribution(self, loc, scale=None):
        return super().distribution(loc + (0.5 if loc.dtype == "float32" else 0.0))


class Transposing(keras.layers.Layer):
    """A trunk that takes samples for rows."""

    def call(self, z):
        if z.shape[0] != len(X) ** 2:
            return z
        return tf.reshape(tf.einsum("srl->rsl", tf.reshape(z, [len(X), len(X), -1])), z.shape)


class AveragingLog(training.TrainingLog):
    """A log that is the mean of the batches' means."""

    def update(self, loss, terms, values, step):
        self.loss.update_state(loss)
        for name, metric in self.terms.items():
            metric.update_state(tf.reduce_mean(getattr(terms, name)))


def transposing():
    right = model()
    decoder = tfp_vae.Decoder(Transposing(), likelihoods.Bernoulli([3]))
    return tfp_vae.VAE(right.encoder, decoder)


class Averaging(tfp_vae.VAE):
    """A model, as are its copies, whose log is the mean of the batches' means."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.trainer.state.log = AveragingLog()


def averaging():
    right = model()
    return Averaging(right.encoder, right.decoder)


WRONG_MODELS = {
    "density": (
        lambda: model(Wrong(2)),
        [
            "exact_and_sampled_kl_divergence_agree",
            "elbo_is_the_mean_over_draws_of_the_posterior",
        ],
    ),
    "rows": (
        lambda: model(Mixing(2)),
        ["rows_do_not_depend_on_one_another", "order_and_size_of_the_batch_change_nothing"],
    ),
    "global state": (
        lambda: model(Stateful(2)),
        ["the_same_seed_gives_the_same_draw", "graph_and_xla_agree_with_eager"],
    ),
    "no gradient": (
        lambda: model(likelihood=Forgetful([3])),
        ["every_weight_has_a_finite_gradient"],
    ),
    "draws cut off": (lambda: model(Detached(2)), ["gradient_estimators_agree"]),
    "config": (
        lambda: model(likelihood=Unsaid([3], scale=0.1)),
        ["a_copy_by_config_and_weights_has_the_same_elbo", "saving_and_loading_keeps_the_elbo"],
    ),
    "precision": (lambda: model(likelihood=Single([3], scale=1.0)), ["float32_tracks_float64"]),
    "axes": (transposing, ["samples_and_rows_are_not_exchanged"]),
    "log": (averaging, ["evaluate_is_the_mean_over_examples"]),
}


@pytest.mark.parametrize("name", WRONG_MODELS)
def test_a_wrong_model_fails(name):
    make, wrong = WRONG_MODELS[name]
    subject = Subject(make(), X)
    for each in wrong:
        with pytest.raises(AssertionError):
            getattr(properties, each)(subject)


WRONG_BOUNDS = {
    "elbo_is_log_likelihood_less_kl_divergence": lambda terms: terms._replace(
        kl_divergence=-terms.kl_divergence
    ),
    "elbo_is_at_most_log_marginal_likelihood": lambda terms: terms._replace(elbo=terms.elbo + 50.0),
    "terms_have_shape_batch": lambda terms: terms._replace(elbo=tf.reduce_mean(terms.elbo)),
    "terms_are_finite": lambda terms: terms._replace(elbo=terms.elbo * np.nan),
}


@pytest.mark.parametrize("name", WRONG_BOUNDS)
def test_a_wrong_bound_fails(name):
    change = WRONG_BOUNDS[name]

    class Changed(tfp_vae.VAE):
        def elbo(self, *args, **kwargs):
            return change(super().elbo(*args, **kwargs))

        def objective_terms(self, *args, **kwargs):
            return change(super().objective_terms(*args, **kwargs))

    right = model()
    with pytest.raises(AssertionError):
        getattr(properties, name)(Subject(Changed(right.encoder, right.decoder), X))


exact_kl, per_dimension = divergences.exact_kl_divergence, divergences.kl_divergence_per_dimension
elbo_terms = objectives.ELBO.terms
WRONG_CODE = {
    "kl_divergence_is_not_negative": (
        divergences,
        "exact_kl_divergence",
        lambda q, p: -exact_kl(q, p),
    ),
    "kl_divergence_of_equal_distributions_is_zero": (
        divergences,
        "exact_kl_divergence",
        lambda q, p: exact_kl(q, p) + 0.1,
    ),
    "kl_divergence_is_the_sum_over_independent_latents": (
        divergences,
        "kl_divergence_per_dimension",
        lambda q, p: 2.0 * per_dimension(q, p),
    ),
    "importance_weighted_bounds_are_ordered": (
        importance_weights,
        "math",
        types.SimpleNamespace(log=lambda size: 1e-300),
    ),
    "objective_is_affine_in_the_kl_weight": (
        objectives.ELBO,
        "terms",
        lambda self, *arguments: elbo_terms(objectives.ELBO(), *arguments),
    ),
    "free_bits_lower_the_objective_alone": (
        objectives.ELBO,
        "terms",
        lambda self, *arguments: (
            lambda terms: terms._replace(objective=terms.objective + self.free_bits)
        )(elbo_terms(self, *arguments)),
    ),
}


@pytest.mark.parametrize("name", WRONG_CODE)
def test_a_mistake_in_the_code_fails(name, monkeypatch):
    subject = Subject(model(), X)
    monkeypatch.setattr(*WRONG_CODE[name])
    with pytest.raises(AssertionError):
        getattr(properties, name)(subject)


@pytest.mark.parametrize(
    "name", ["wrong_shapes_are_refused", "data_outside_the_support_is_refused"]
)
def test_a_model_that_takes_anything_fails(name):
    class Trusting(tfp_vae.VAE):
        def elbo(self, x, **options):
            return super().elbo(np.zeros([len(x), 3]), **options)

    right = model()
    subject = Subject(Trusting(right.encoder, right.decoder), X)
    with pytest.raises(AssertionError, match="raised no ValueError"):
        getattr(properties, name)(subject)


def test_every_property_has_been_seen_to_fail():
    seen = {name for _, names in WRONG_MODELS.values() for name in names}
    seen |= {*WRONG_BOUNDS, *WRONG_CODE}
    seen |= {"wrong_shapes_are_refused", "data_outside_the_support_is_refused"}
    assert seen == {each.__name__ for each in PROPERTIES}


def test_a_class_that_no_file_can_name_is_no_failure():
    with pytest.raises(NotApplicable, match="Forgetful must be registered"):
        properties.saving_and_loading_keeps_the_elbo(Subject(model(likelihood=Forgetful([3])), X))
