"""Builds the parts of a model, and checks that they fit together."""

import functools
from typing import TYPE_CHECKING

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, divergences, seeds, shapes
from tfp_vae.model import adaptation
from tfp_vae.model.inputs import Labels
from tfp_vae.model.inputs import condition as conditions
from tfp_vae.objectives import Objective
from tfp_vae.posteriors import Categorical, Posterior, VectorQuantized
from tfp_vae.priors import Prior

if TYPE_CHECKING:
    from tfp_vae.model.vae import VAE


def assemble(vae: "VAE") -> str:
    """Builds every part of a model on a row of zeros.

    Args:
      vae: The model.

    Returns:
      The line of `summary` that says whether the KL divergence is exact or estimated.

    Raises:
      ValueError: If the parts do not fit: a trunk that fails on its input, features that cannot
        make the event, a prior over other latents than the posterior's, different dtypes, or an
        objective, a condition or missing values that do not apply to them.
    """
    likelihood = vae.decoder.likelihood
    rows, features, inputs = _rows_of_zeros(vae)
    vae.pipeline.corrupted(rows, seeds.EVALUATION)
    if features is not None:
        likelihood.take_features(int(features.shape[-1]))
    elif likelihood.conditional:
        raise ValueError(
            "`dispersion` must not be 'condition' in a model without one; got a "
            f"{type(likelihood).__name__}: make the model with `condition`."
        )
    if vae.adaptive:
        adaptation.attach(vae, int(inputs.shape[-1]) - vae.event_shape[-1])
    if not vae.encoder.built:
        vae.encoder.build((None, *inputs.shape[1:]))
    posterior = vae.encoder.of_tensors(inputs, training=False)
    for posterior_layer, prior_layer in vae.latent_pairs:
        check_same_latent_space(posterior_layer, prior_layer)
    _give_codebook(vae)
    if features is not None:
        vae.prior_layer.take_features(int(features.shape[-1]))
    elif vae.prior_layer.conditional:
        raise ValueError(
            "`prior` must not depend on a condition in a model without one; got a "
            f"{type(vae.prior_layer).__name__}: make the model with `condition`."
        )
    vae.prior_layer.take_encoder(
        functools.partial(_posterior_of_rows, vae), vae.event_shape, likelihood.support
    )
    if not vae.prior_layer.built:
        vae.prior_layer.build(tuple(posterior.event_shape))
    prior = vae.prior_of(features)
    if prior.event_shape != posterior.event_shape:
        raise ValueError(
            f"`prior` must have the event shape of the posterior, {posterior.event_shape}; "
            f"got {prior.event_shape}."
        )
    z = vae.reconstructing_latents(posterior)
    if not vae.decoder.built:
        count = 0 if features is None else features.shape[-1]
        vae.decoder.build((None, vae.decoder_latents(z).shape[-1] + count))
    scored = vae.decoded(z, features)
    if vae.missing is not None:
        _check_missing_values(vae, scored, rows)
    for name, part in vae.distribution_layers.items():
        if part.variable_dtype != likelihood.variable_dtype:
            raise ValueError(
                f"`{name}` must have the dtype of the likelihood, "
                f"{likelihood.variable_dtype}; got {part.variable_dtype}."
            )
    vae.objective.check_pair(posterior, prior)
    return divergences.declaration(posterior, prior)


def labels_of(vae: "VAE", condition: keras.layers.Layer | None) -> Labels | None:
    """Returns the labels that a model takes, or None.

    Args:
      vae: The model, with its encoder and `classification_weight`.
      condition: The layer of a condition, or None.

    Raises:
      TypeError: If `classification_weight` is no number.
      ValueError: If it is negative, the posterior has no single categorical variable, or there is a
        condition of matrices.
    """
    weight = vae.classification_weight
    if weight is None:
        return None
    vae.classification_weight = checks.finite_number(weight, "classification_weight", minimum=0.0)
    posterior = getattr(vae.encoder.posterior, "categorical", vae.encoder.posterior)
    if not isinstance(posterior, Categorical) or posterior.latent_variables != 1:
        raise ValueError(
            "`classification_weight` must be None unless the posterior has one categorical "
            "variable, the class: posteriors.Categorical or CategoricalJoint; got a "
            f"{type(vae.encoder.posterior).__name__}."
        )
    if condition is not None and len(conditions.row_shape(condition)) > 1:
        raise ValueError(
            "`condition` must take a number or a vector of each row with `classification_weight`, "
            "since a row of y then holds the label, too; got one for "
            f"{shapes.written('batch', *conditions.row_shape(condition))}."
        )
    return Labels(posterior.categories)


def check_objective(vae: "VAE", objective: Objective) -> None:
    """Checks that an objective applies to the distributions of an assembled model.

    Args:
      vae: The model.
      objective: The objective.

    Raises:
      ValueError: If it does not apply.
    """
    _, features, inputs = _rows_of_zeros(vae)
    posterior = vae.encoder.of_tensors(inputs, training=False)
    objective.check_pair(posterior, vae.prior_of(features))


def _posterior_of_rows(
    vae: "VAE", rows: tf.Tensor, features: tf.Tensor | None = None
) -> tfd.Distribution:
    """Returns q(z|x) of prepared rows, and of features of a condition, outside training."""
    return vae.encoder.of_tensors(vae.pipeline.joined(rows, features), training=False)


def _rows_of_zeros(vae: "VAE") -> tuple[tf.Tensor, tf.Tensor | None, tf.Tensor]:
    """Returns a row of zeros, the features of a zero condition, and the encoder's input."""
    dtype = vae.decoder.likelihood.variable_dtype
    rows = tf.zeros([1, *vae.event_shape], dtype)
    if vae.condition is None:
        return rows, None, vae.pipeline.joined(rows, None)
    y = tf.zeros([1, *conditions.row_shape(vae.condition)], dtype)
    features = conditions.features_of(vae.condition, y, dtype)
    return rows, features, vae.pipeline.joined(rows, features)


def _give_codebook(vae: "VAE") -> None:
    """Gives the prior the codebook of the posterior, where there is one."""
    quantized = [q for q, _ in vae.latent_pairs if isinstance(q, VectorQuantized)]
    if len(vae.latent_pairs) > 1 and quantized:
        raise ValueError(
            "`encoders` must not have a posteriors.VectorQuantized, whose codes are a single layer "
            "of latents: use tfp_vae.VAE."
        )
    for posterior_layer in quantized:
        vae.prior_layer.take_codebook(posterior_layer.current_codebook)


def _check_missing_values(vae: "VAE", likelihood: tfd.Distribution, rows: tf.Tensor) -> None:
    if vae.preprocess is not None:
        raise ValueError(
            "`missing_values` must be None with a preprocess layer, which cannot handle missing "
            "values; got a number. Preprocess the data before it reaches the model."
        )
    vae.decoder.likelihood.of_observed(likelihood, tf.ones_like(rows, tf.bool))


def check_same_latent_space(posterior: Posterior, prior: Prior | Posterior) -> None:
    """Checks that posterior and prior are distributions over the same set.

    Args:
      posterior: The layer that returns q.
      prior: The layer that returns p: a prior, or below the topmost layer of latents the layer of
        p(z₁|z₂).

    Raises:
      ValueError: If they are not.
    """
    ours, theirs = posterior.latent_space, prior.latent_space
    if theirs is None and posterior.summed:
        raise ValueError(
            f"`prior` must be a distribution over the latents of {type(posterior).__name__} with "
            f"probabilities of its own, since objectives sum over {ours.description}; got "
            f"{type(prior).__name__}, a mixture of posteriors."
        )
    if theirs is None and isinstance(posterior, VectorQuantized):
        raise ValueError(
            "`prior` must be a distribution over the latents of VectorQuantized that gives every "
            "code a probability, such as priors.VectorQuantized; got a "
            f"{type(prior).__name__}, a mixture of posteriors, which are sure of theirs."
        )
    if theirs is None or theirs == ours:
        return
    raise ValueError(
        f"`prior` must be a distribution over the latents of {type(posterior).__name__}, "
        f"{ours.description}, since a KL divergence compares two densities on the same set; got "
        f"{type(prior).__name__}, a distribution over {theirs.description}."
    )
