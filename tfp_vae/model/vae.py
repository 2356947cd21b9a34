"""The variational autoencoder: an encoder, a decoder, a prior and an objective."""

import sys
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks
from tfp_vae.likelihoods import Likelihood, Suggestion
from tfp_vae.model import export
from tfp_vae.model.build import assemble, check_objective
from tfp_vae.model.coders import Decoder, Encoder
from tfp_vae.model.latent_variable_model import LatentVariableModel
from tfp_vae.objectives import ELBO, Objective
from tfp_vae.posteriors import Posterior
from tfp_vae.priors import Prior, StandardNormal
from tfp_vae.training.data.initial_rows import first_rows


@keras.saving.register_keras_serializable(package="tfp_vae")
class VAE(LatentVariableModel):
    """A variational autoencoder made of distribution objects.

    A Keras model: `compile`, `fit`, `evaluate`, `predict`, `save`. Its loss is the negative mean of
    the objective, in nats. The model is built and its parts are checked against one another when
    it is made.

    Args:
      encoder: From data to the posterior q(z|x).
      decoder: From latents to the likelihood p(x|z).
      prior: p(z); by default the standard normal.
      objective: What training raises; by default the evidence lower bound.
      preprocess: A Keras layer applied to the data first, such as
        `networks.StochasticBinarization()`. Encoder and likelihood both see what it returns.
      missing_values: What stands for a missing value in the data, NaN or a number; None if
        nothing is missing. The bound is then one of log p of the observed values, and the encoder
        sees zeros in the place of the others (Mattei & Frellsen 2019, "MIWAE: deep generative
        modelling and imputation of incomplete data sets").
      condition: A Keras layer that turns y, `[B, ...]`, into features `[B, C]`, such as
        `keras.layers.Embedding`, for a model of p(x|y): `fit(x, y)`, `sample(n, condition=y)`. The
        features stand beside the data before the encoder, on its last axis (of an image: as
        channels), and beside z before the decoder; p(z) does not depend on y (Sohn et al. 2015,
        "Learning structured output representation using deep conditional generative models"). y
        is a number for every row, unless the layer begins with a `keras.Input` or is built.
      **kwargs: The usual arguments of a Keras model.

    Raises:
      TypeError: If a part is not of its kind.
      ValueError: If the parts do not fit: a trunk that fails on its input, features that cannot
        make the event, a prior over other latents than the posterior's, different dtypes.

    Example:
      >>> vae = tfp_vae.VAE(
      ...     encoder=tfp_vae.Encoder(networks.mlp([8]), posteriors.MultivariateNormalDiag(2)),
      ...     decoder=tfp_vae.Decoder(networks.mlp([8]), likelihoods.Bernoulli([4])),
      ... )
      >>> vae.elbo(np.ones([3, 4]), seed=0).elbo.shape
      TensorShape([3])
      >>> vae.prior().event_shape, vae.latent_size, vae.event_shape
      (TensorShape([2]), 2, (4,))
      >>> vae.objective = objectives.IWAE(importance_sample_size=5)  # `fit` goes on with it

    Source: Kingma & Welling (2013), "Auto-encoding variational Bayes".
    """

    def __init__(
        self,
        encoder: Encoder,
        decoder: Decoder,
        prior: Prior | None = None,
        objective: Objective | None = None,
        preprocess: keras.layers.Layer | None = None,
        missing_values: float | None = None,
        condition: keras.layers.Layer | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            encoder,
            decoder,
            ELBO() if objective is None else objective,
            preprocess,
            missing_values,
            condition,
            **kwargs,
        )
        self.prior_layer = StandardNormal() if prior is None else prior
        checks.instance_of(self.prior_layer, Prior, "prior", "priors.StandardNormal()")
        self.suggestion: Suggestion | None = None
        assemble(self)
        self.built = True

    @classmethod
    def for_data(
        cls,
        x: Any,
        latent_size: int = 16,
        likelihood: Likelihood | str | None = None,
        preprocess: keras.layers.Layer | None = None,
    ) -> "VAE":
        """Makes a model for some data: the likelihood from its values, the networks from its shape.

        What was chosen and why stands in `vae.suggestion.reason`.

        Args:
          x: Data, `[N, *event]`, at least two rows.
          latent_size: The number of latent variables.
          likelihood: A likelihood, or its name, to take instead of the suggested one.
          preprocess: A Keras layer applied to the data first; the choice is made on what it
            returns.

        Returns:
          A model, not yet compiled.

        Raises:
          TypeError: If `x` holds no real numbers, or another argument is of the wrong kind.
          ValueError: If `x` has fewer than two rows, values that are not finite or outside the
            likelihood's support, or the likelihood's name is unknown.

        Example:
          >>> vae = tfp_vae.VAE.for_data(np.array([[0, 1, 1], [1, 0, 1]]), latent_size=2)
          >>> type(vae.decoder.likelihood).__name__
          'Bernoulli'
        """
        from tfp_vae.model.defaults import parts_for

        encoder, decoder, suggestion = parts_for(x, latent_size, likelihood, preprocess)
        vae = cls(encoder, decoder, preprocess=preprocess)
        vae.suggestion = suggestion
        vae.check_rows(x)
        return vae

    @property
    def latent_size(self) -> int:
        """The number of latent variables."""
        return self.encoder.posterior.latent_size

    @property
    def distribution_layers(self) -> dict[str, keras.layers.Layer]:
        """The layers that make distributions over latents, by their names in an error."""
        return {"posterior": self.encoder.posterior, "prior": self.prior_layer}

    @property
    def latent_pairs(self) -> list[tuple[Posterior, Prior | Posterior]]:
        """The layers that make q and p of the same latents."""
        return [(self.encoder.posterior, self.prior_layer)]

    def prior(self) -> tfd.Distribution:
        """Returns p(z): batch `[]`, event `[latent_size]`."""
        return self.prior_layer.distribution()

    def adapt(self, x: Any) -> None:
        """Gives a prior that begins at data some rows of it."""
        wanted = self.prior_layer.rows_wanted
        rows = first_rows(x, wanted) if wanted else None
        if rows is not None:
            self.prior_layer.adapt(self.prepared(rows))

    def inferred(self, inputs: tf.Tensor, training: bool) -> tfd.Distribution:
        """Returns q of what the encoder sees, data `[B, ...]` with the features of a condition."""
        return self.encoder.of_tensors(inputs, training=training)

    def reconstructing_latents(self, posterior: tfd.Distribution) -> tf.Tensor:
        """Returns the posterior mean, `[B, latent_size]`."""
        return posterior.mean()

    def export(self, filepath: Any, **kwargs: Any) -> None:
        """Writes a SavedModel that serves without tfp_vae.

        Its signatures are `encode` (x to `mean` and `stddev` of the posterior), `decode` (z to
        `mean`), `sample` (`sample_size` and `seed` to `x`) and `elbo` (x and seed to the terms).

        Args:
          filepath: The folder to write.
          **kwargs: `verbose`, as of Keras.

        Raises:
          ValueError: If another format than "tf_saved_model" is asked for.

        Example:
          >>> import tempfile
          >>> with tempfile.TemporaryDirectory() as folder:
          ...     vae.export(folder, verbose=False)
          ...     served = tf.saved_model.load(folder)
          >>> served.encode(tf.constant(x, "float32"))["mean"].shape
          TensorShape([20, 2])
        """
        export.export(self, filepath, **kwargs)

    def summary(self, *args: Any, print_fn: Any = None, **kwargs: Any) -> None:
        """Prints the layers and weights, and whether the KL divergence is exact.

        Args:
          *args: As of `keras.Model.summary`.
          print_fn: What is called with the text, rather than printing it.
          **kwargs: As of `keras.Model.summary`.

        Raises:
          TypeError: If `print_fn` is no function.

        Example:
          >>> lines = []
          >>> vae.summary(print_fn=lines.append)
          >>> lines[-1]
          ' KL: exact'
        """
        if print_fn is not None and not callable(print_fn):
            raise TypeError(f"`print_fn` must be a function; got a {type(print_fn).__name__}.")
        super().summary(*args, print_fn=print_fn, **kwargs)
        line = f" {self.kl_declaration}"
        if print_fn is None:
            sys.stdout.write(line + "\n")
        else:
            print_fn(line)

    def check_objective(self, objective: Objective) -> None:
        """Raises a ValueError if an objective makes no sense with the model's distributions."""
        check_objective(self, objective)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal model, untrained."""
        parts = {
            **self._parts_config(),
            "objective": self.objective,
            "preprocess": self.preprocess,
            "condition": self.condition,
        }
        serialized = {
            name: None if part is None else keras.saving.serialize_keras_object(part)
            for name, part in parts.items()
        }
        missing = self.missing
        code = None if missing is None else missing.config
        return {"name": self.name, **serialized, "missing_values": code}

    def _parts_config(self) -> dict[str, Any]:
        """Returns the layers that the posterior, the likelihood and the prior are made of."""
        return {"encoder": self.encoder, "decoder": self.decoder, "prior": self.prior_layer}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "VAE":
        """Makes a model of what `get_config` returned."""
        revived = {
            name: keras.saving.deserialize_keras_object(value, custom_objects=custom_objects)
            if isinstance(value, (dict, list))
            else value
            for name, value in config.items()
        }
        if isinstance(revived.get("missing_values"), str):
            revived["missing_values"] = float(revived["missing_values"])
        return cls(**revived)
