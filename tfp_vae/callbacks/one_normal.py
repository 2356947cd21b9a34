"""The objective of a model of clusters before it has any: its categories say nothing."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions
from tfp_vae.objectives import ELBO, Objective, ObjectiveTerms


@keras.saving.register_keras_serializable(package="tfp_vae.callbacks")
class OneNormal(Objective):
    """An objective of the continuous latents, whose prior is the standard normal.

    Encoder and decoder see the mean of p(c) in place of c, so that with the ELBO it is that of a
    plain VAE. It trains neither q(c|x) nor p(c, z).

    Args:
      objective: The objective of the continuous latents; one that draws categories stands for the
        ELBO.
    """

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self.state = objective.state
        self._of_latents = ELBO() if objective.draws_categories else objective

    @property
    def draws_categories(self) -> bool:
        """Whether categorical latents are drawn: they are."""
        return True

    def drawn_terms(
        self,
        x: tf.Tensor,
        posterior: tfd.Distribution,
        prior: tfd.Distribution,
        likelihood_fn: Callable[[tf.Tensor], tfd.Distribution],
        seed: tf.Tensor,
        step: Any,
    ) -> ObjectiveTerms:
        """Computes the terms of the continuous latents."""
        rows = posterior.batch_shape_tensor()
        probs = tf.stop_gradient(prior.categorical.mean())
        c = tf.broadcast_to(probs, tf.concat([rows, tf.shape(probs)], axis=0))
        c = tf.ensure_shape(c, [*posterior.batch_shape, *probs.shape])
        shape = tf.concat([rows, [posterior.latent_size]], axis=0)
        zeros = tf.ensure_shape(
            tf.zeros(shape, posterior.dtype), [*posterior.batch_shape, posterior.latent_size]
        )
        found = self._of_latents.terms(
            x,
            posterior.continuous_fn(c),
            distributions.MultivariateNormalDiag(zeros, tf.ones_like(zeros)),
            lambda z: likelihood_fn(_joined(c, z)),
            seed,
            step,
        )
        # Keras warns of weights without a gradient; these have one of zero.
        clusters = prior.continuous_fn(c).log_prob(zeros)
        clusters += tfd.kl_divergence(posterior.categorical, prior.categorical)
        return found._replace(objective=found.objective + 0.0 * clusters)

    def terms(self, *args: Any) -> ObjectiveTerms:
        """Computes the terms of continuous latents: those of the other objective."""
        return self._of_latents.terms(*args)

    def for_model(self, latent_size: int, dtype: str) -> Objective:
        """Returns itself, with the other objective's state, which one from a file does not have."""
        if self.state is not None:
            return self
        return OneNormal(self.objective.for_model(latent_size, dtype))

    def learn(
        self, posterior: tfd.Distribution, terms: ObjectiveTerms, seed: tf.Tensor, step: Any
    ) -> None:
        """Lets the objective of the continuous latents learn from the terms."""
        self._of_latents.learn(posterior, terms, seed, step)

    def check_pair(self, posterior: tfd.Distribution, prior: tfd.Distribution) -> None:
        """Checks what the other objective checks."""
        self.objective.check_pair(posterior, prior)

    @property
    def schedules(self) -> dict[str, Any]:
        """Those of the other objective."""
        return self.objective.schedules

    @property
    def learned_weights(self) -> dict[str, Callable[[Any], tf.Tensor]]:
        """Those of the other objective."""
        return self.objective.learned_weights

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal objective."""
        return {"objective": keras.saving.serialize_keras_object(self.objective)}

    def shown_arguments(self) -> dict[str, Any]:
        """Returns the arguments as the representation shows them."""
        return {"objective": self.objective}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "OneNormal":
        """Makes an objective of what `get_config` returned."""
        return cls(keras.saving.deserialize_keras_object(config["objective"]))


def _joined(c: tf.Tensor, z: tf.Tensor) -> tf.Tensor:
    """Returns one-hot vectors `[B, C]` before draws `[..., B, L]`, `[..., B, C + L]`."""
    shape = tf.concat([tf.shape(z)[:-1], tf.shape(c)[-1:]], axis=0)
    beside = tf.ensure_shape(tf.broadcast_to(c, shape), [*z.shape[:-1], c.shape[-1]])
    return tf.concat([beside, z], axis=-1)
