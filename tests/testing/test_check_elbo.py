"""`check_elbo` passes right models, and names what is wrong with wrong ones."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

import tfp_vae
from oracles import LinearGaussian
from tfp_vae import likelihoods, networks, posteriors
from tfp_vae.testing import check_elbo, elbo_check, elbo_properties

X = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0], [0, 0, 0]])


def model(posterior=None, likelihood=None, **options):
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([4]), posterior or posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([4]), likelihood or likelihoods.Bernoulli([3])),
        **options,
    )


@pytest.fixture
def uncompiled(monkeypatch):
    """Leaves out the property that compiles, which takes most of the time."""
    compiling = elbo_properties.graph_and_xla_agree_with_eager
    rest = tuple(each for each in elbo_properties.PROPERTIES if each is not compiling)
    monkeypatch.setattr(elbo_check, "PROPERTIES", rest)


def failures(vae, x=X):
    with pytest.raises(AssertionError) as failure:
        check_elbo(vae, x)
    lines = str(failure.value).splitlines()
    return {line.split()[1].rstrip(":") for line in lines if line.startswith("FAILED")}


def test_a_right_model_passes_and_its_report_names_every_property():
    report = check_elbo(model(), X)
    assert report.ok
    assert report.named("passed") == tuple(each.__name__ for each in elbo_properties.PROPERTIES)
    assert str(report).endswith(f"0 failed, {len(report.results)} passed, 0 skipped")


@pytest.mark.usefixtures("uncompiled")
def test_what_does_not_apply_is_skipped_with_the_reason():
    linear = LinearGaussian.drawn()
    report = check_elbo(linear.vae(), linear.draws(1))
    assert set(report.named("skipped")) == {
        "rows_do_not_depend_on_one_another",
        "data_outside_the_support_is_refused",
    }
    assert "SKIPPED rows_do_not_depend_on_one_another: x has one row" in str(report)


def test_a_model_with_a_condition():
    vae = model(condition=keras.layers.CategoryEncoding(2, output_mode="one_hot"))
    assert check_elbo(vae, X, condition=np.array([0, 1, 1, 0])).ok


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


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize(
    ("parts", "named"),
    [
        ({"posterior": Wrong(2)}, "exact_and_sampled_kl_divergence_agree"),
        ({"posterior": Mixing(2)}, "rows_do_not_depend_on_one_another"),
        ({"posterior": Stateful(2)}, "the_same_seed_gives_the_same_draw"),
        ({"likelihood": Forgetful([3])}, "every_weight_has_a_finite_gradient"),
    ],
    ids=["Wrong", "Mixing", "Stateful", "Forgetful"],
)
def test_a_wrong_part_is_named(parts, named):
    assert named in failures(model(**parts))


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda terms: terms._replace(kl_divergence=-terms.kl_divergence), "elbo_is_log"),
        (lambda terms: terms._replace(elbo=terms.elbo + 50.0), "elbo_is_at_most"),
        (lambda terms: terms._replace(elbo=tf.reduce_mean(terms.elbo)), "terms_have_shape"),
        (lambda terms: terms._replace(elbo=terms.elbo * np.nan), "terms_are_finite"),
    ],
)
def test_a_wrong_bound_is_named(change, named, monkeypatch):
    class Changed(tfp_vae.VAE):
        def elbo(self, *args, **kwargs):
            return change(super().elbo(*args, **kwargs))

        def objective_terms(self, *args, **kwargs):
            return change(super().objective_terms(*args, **kwargs))

    right = model()
    vae = Changed(right.encoder, right.decoder)
    assert any(name.startswith(named) for name in failures(vae))


def test_data_that_the_model_does_not_take_is_an_error_and_no_failure():
    with pytest.raises(ValueError, match="`x` must hold only values that are 0 or 1"):
        check_elbo(model(), X + 0.5)
    with pytest.raises(TypeError, match="`vae` must be a LatentVariableModel"):
        check_elbo(networks.mlp([3]), X)
