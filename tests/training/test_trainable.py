"""The engine trains whatever is `Trainable`: here a model without latents, encoder or decoder."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import objectives
from tfp_vae.objectives import ObjectiveTerms
from tfp_vae.training import CompileOptions, Trainer

X = np.random.default_rng(0).normal([2.0, -1.0, 0.5], [1.0, 0.5, 2.0], size=[203, 3])


class ThreeColumns:
    """Data of three columns."""

    row_shape, dtype, conditional = (3,), "float32", False

    def check_rows(self, x, name="x"):
        if x.shape[1:] != (3,):
            raise ValueError(f"`{name}` must have 3 columns; got {x.shape[1:]}.")

    def check_condition(self, condition, rows, name="condition"):
        raise AssertionError("the model has no condition")


class IndependentColumns(keras.Model):
    """Normal columns, fitted by maximum likelihood."""

    pipeline, objective, has_custom_train_step = ThreeColumns(), objectives.ELBO(), False

    def __init__(self):
        super().__init__()
        self.trainer = Trainer(self)
        self.loc = self.add_weight(shape=[3], name="loc")
        self.log_scale = self.add_weight(shape=[3], name="log_scale", initializer="zeros")
        self.adapted = 0
        self.built = True

    def compile(self, **options):
        arguments = {"jit_compile": "auto", "run_eagerly": False, **options}
        chosen = CompileOptions.checked(
            keras.optimizers.Adam(0.05), steps_per_execution=1, on_nonfinite="raise", **arguments
        )
        super().compile(
            optimizer=chosen.optimizer,
            run_eagerly=chosen.run_eagerly,
            jit_compile=self.trainer.xla_for(chosen),
        )
        self.trainer.compile(chosen)

    def adapt_once(self, x, y=None):
        self.adapted += 1

    @property
    def marginal_elbo(self):
        return None

    def law(self):
        scale = tf.exp(tf.convert_to_tensor(self.log_scale))
        return tfd.MultivariateNormalDiag(tf.convert_to_tensor(self.loc), scale)

    def terms_of(self, objective, x, seed, step, training, condition):
        log_likelihood = self.law().log_prob(tf.cast(x, tf.float32))
        nothing = tf.zeros_like(log_likelihood)
        return ObjectiveTerms(log_likelihood, log_likelihood, nothing, log_likelihood)

    def scored_terms(self, x, seed, step, training, condition=None):
        return self.terms_of(self.objective, x, seed, step, training, condition), {}

    def call(self, x, condition=None, training=None):
        return tf.zeros_like(tf.cast(x, tf.float32)) + self.law().mean()

    def train_step(self, data):
        return self.trainer.train_step(data)

    def test_step(self, data):
        return self.trainer.test_step(data)

    def predict_step(self, data):
        return self(self.trainer.state.unpacked(data)[0])


def dataset(x):
    return tf.data.Dataset.from_tensor_slices(x).shuffle(203, seed=0).batch(20)


@pytest.mark.nightly
@pytest.mark.parametrize("source", [np.asarray, dataset], ids=["array", "dataset"])
@pytest.mark.parametrize("options", [{}, {"run_eagerly": True}], ids=["compiled", "eager"])
def test_it_is_fitted_to_the_moments_of_the_data(source, options):
    model = IndependentColumns()
    model.compile(**options)
    epochs = 10 if options else 40
    arguments = {"epochs": epochs, "batch_size": 20, "verbose": 0}
    if source is dataset:
        arguments.pop("batch_size")
    history = model.trainer.fit(source(X), None, {**arguments, "validation_data": X}).history
    assert model.adapted == 1
    # The likelihood can be at most that of the moments.
    best = tfd.MultivariateNormalDiag(X.mean(axis=0), X.std(axis=0)).log_prob(X)
    shortfall = np.mean(best) - history["val_elbo"][-1]
    assert -1e-3 < shortfall < 0.2
    if not options:
        np.testing.assert_allclose(model.loc, X.mean(axis=0), atol=0.3)
    logs = model.trainer.evaluate(X, None, {"verbose": 0, "return_dict": True})
    assert logs["elbo"] == pytest.approx(history["val_elbo"][-1], rel=1e-4)
    predictions = model.trainer.predict(X[:5], None, {"verbose": 0})
    np.testing.assert_allclose(predictions, np.tile(model.loc, [5, 1]), rtol=1e-6)


def test_its_own_check_refuses_data():
    model = IndependentColumns()
    model.compile(run_eagerly=True)
    with pytest.raises(ValueError, match="`x` must have 3 columns"):
        model.trainer.fit(X[:, :2], None, {"verbose": 0})
