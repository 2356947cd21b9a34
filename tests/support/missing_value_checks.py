"""What missing values must do to a model whose every conditional is known."""

import numpy as np
import tensorflow as tf

from tfp_vae.testing import (
    LinearGaussian,
    assert_close,
    assert_mean,
    repeated,
)


def check_a_column_without_values_is_no_column(model):
    """The terms, and the gradients of all that is shared, are those of a model without it."""
    x = model.draws(6)
    holes = x.copy()
    holes[:, -1] = np.nan
    whole = model.vae(0.3, 1.4, missing_values=np.nan)
    part = LinearGaussian.drawn(0, model.event_size - 1, model.latent_size, model.scale).vae()
    kernel, bias = whole.decoder.likelihood.heads["loc"].get_weights()
    part.decoder.likelihood.heads["loc"].set_weights([kernel[:, :-1], bias[:-1]])
    for name in ("loc", "scale"):
        kernel, bias = whole.encoder.posterior.heads[name].get_weights()
        part.encoder.posterior.heads[name].set_weights([kernel[:-1], bias])
    terms, gradients = [], []
    for vae, data in ((whole, holes), (part, x[:, :-1])):
        variables = vae.trainable_variables
        with tf.GradientTape() as tape:
            found = vae.objective_terms(tf.constant(data), tf.constant([4, 5]), 0, training=True)
            loss = tf.reduce_sum(found.objective)
        terms.append(found)
        assert len(variables) == 6
        gradients.append([gradient.numpy() for gradient in tape.gradient(loss, variables)])
    for one, another in zip(*terms, strict=True):
        assert_close(one, another)
    for one, another in zip(*gradients, strict=True):
        shared = tuple(slice(size) for size in another.shape)
        assert_close(one[shared], another)
        # The encoder's weights of the missing column, and the decoder's too.
        assert_close(np.abs(one).sum(), np.abs(another).sum())


def check_every_exact_draw_gives_the_density_of_the_observed(model, x, log_density):
    """With one latent and one pattern of holes the exact posterior is within reach of a VAE."""
    seen = ~np.isnan(x[0])
    precision = 1.0 + (model.weights[seen] ** 2).sum() / model.scale**2
    gain = np.where(seen[:, None], model.weights, 0.0) / model.scale**2 / precision
    vae = model.vae(missing_values=np.nan)
    heads = vae.encoder.posterior.heads
    heads["loc"].set_weights([gain, -model.offset @ gain])
    heads["scale"].set_weights([np.zeros_like(gain), np.log(np.expm1([precision**-0.5]))])
    batch = vae.distributions(x)
    log_weights = batch.log_weights(batch.posterior.sample(5, seed=[6, 7]))
    assert_close(log_weights, np.tile(log_density, [5, 1]))
    return vae


def check_imputation(model, row, mean, covariance, scale_factor=1.7):
    """Mean, spread and draws are those of p(x_missing|x_observed), by many repetitions."""
    vae = model.vae(0.1, scale_factor, missing_values=np.nan)
    gone = np.isnan(row)
    x = repeated(row, 400)
    imputed = vae.impute(x, sample_size=2, importance_sample_size=500, seed=47)
    # What the normalisation of the weights is off by is then less than the statistical error.
    assert (imputed.effective_sample_size > 100).all()
    assert (imputed.effective_sample_size < 501).all()
    np.testing.assert_array_equal(imputed.mean[:, ~gone], x[:, ~gone])
    np.testing.assert_array_equal(imputed.draws[:, :, ~gone], np.stack([x, x])[:, :, ~gone])
    np.testing.assert_array_equal(imputed.stddev[:, ~gone], 0.0)
    assert_mean(imputed.mean[:, gone], mean)
    assert_mean(imputed.stddev[:, gone] ** 2, np.diag(covariance))
    centred = imputed.draws[:, :, gone].reshape(-1, gone.sum()) - mean
    assert_mean(centred, 0.0)
    assert_mean(centred[:, :, None] * centred[:, None, :], covariance)
    assert (imputed.draws[0][:, gone] != imputed.draws[1][:, gone]).all()
