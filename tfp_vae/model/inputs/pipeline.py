"""What a model takes as data: checked, cast, preprocessed, with holes filled and a condition."""

import inspect
from typing import Any

import keras
import tensorflow as tf

from tfp_vae import checks, seeds
from tfp_vae.model.coders import Decoder, Encoder
from tfp_vae.model.inputs import condition as conditions
from tfp_vae.model.inputs import validation
from tfp_vae.model.inputs.missing_values import MissingValues
from tfp_vae.model.inputs.preprocess import check_gives_tensors, preprocessed
from tfp_vae.objectives import Objective
from tfp_vae.training.fit import PassesOverData


class PreparedDataModel(PassesOverData):
    """A model that knows what its data looks like.

    Args:
      encoder: From data to the posterior q(z|x).
      decoder: From latents to the likelihood p(x|z).
      objective: What training raises.
      preprocess: A Keras layer applied to the data first, or None.
      missing_values: What stands for a missing value in the data, or None.
      condition: A Keras layer that turns y into features, or None.
      **kwargs: The usual arguments of a Keras model.
    """

    def __init__(
        self,
        encoder: Encoder,
        decoder: Decoder,
        objective: Objective,
        preprocess: keras.layers.Layer | None,
        missing_values: float | None,
        condition: keras.layers.Layer | None,
        **kwargs: Any,
    ) -> None:
        checks.instance_of(encoder, Encoder, "encoder", "tfp_vae.Encoder(trunk, posterior)")
        super().__init__(objective, **{"autocast": False, **kwargs})
        # Keras lists the weights in the order of these attributes.
        self.encoder = encoder
        self.decoder = checks.instance_of(
            decoder, Decoder, "decoder", "tfp_vae.Decoder(trunk, likelihood)"
        )
        for name, layer, example in (
            ("preprocess", preprocess, "networks.StochasticBinarization()"),
            ("condition", condition, "keras.layers.CategoryEncoding(10, output_mode='one_hot')"),
        ):
            if layer is not None:
                check_gives_tensors(layer, name, example)
        self.preprocess, self.condition = preprocess, condition
        self._preprocess_draws = preprocess is not None and "seed" in (
            inspect.signature(preprocess.call).parameters
        )
        self.missing = None
        if missing_values is not None:
            self.missing = MissingValues(missing_values, decoder.likelihood.support)

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one row of data, as the likelihood has it."""
        return self.decoder.likelihood.event_shape

    @property
    def data_dtype(self) -> str:
        """The dtype that data is cast to, that of the likelihood."""
        return self.decoder.likelihood.variable_dtype

    @property
    def row_shape(self) -> tuple[int, ...] | None:
        """The shape of one row as it comes in: the event's, or None before a preprocess layer."""
        return self.event_shape if self.preprocess is None else None

    @property
    def conditional(self) -> bool:
        """Whether the model is one of p(x|y)."""
        return self.condition is not None

    def prepared(self, x: Any, seed: seeds.Seed = seeds.EVALUATION) -> tf.Tensor:
        """Returns data as encoder and likelihood see it: checked, cast, preprocessed and filled.

        What stands in the place of missing values is 0, or a number in the likelihood's support.

        Args:
          x: Data, `[B, *event]`, or whatever shape the preprocess layer turns into that.
          seed: What a preprocess layer that draws takes as its seed.

        Raises:
          TypeError: If `x` or `seed` is of the wrong kind.
          ValueError: If `x` does not fit the model.
        """
        return self.prepared_and_observed(x, seed)[0]

    def prepared_and_observed(
        self, x: Any, seed: seeds.Seed = seeds.EVALUATION
    ) -> tuple[tf.Tensor, tf.Tensor | None]:
        """Returns what `prepared` does, and which of it is observed, a boolean; None for all.

        Args:
          x: Data, `[B, *event]`, or whatever shape the preprocess layer turns into that.
          seed: What a preprocess layer that draws takes as its seed.
        """
        if isinstance(x, keras.KerasTensor):
            raise TypeError("`x` must be an array of numbers; got a KerasTensor, which has none.")
        if isinstance(x, tf.Variable):
            x = tf.convert_to_tensor(x)
        if not checks.is_symbolic(x):
            x = x if tf.is_tensor(x) else checks.array(x)
            self.check_rows(x)
        prepared = self._preprocessed(tf.convert_to_tensor(x), seeds.as_seed(seed))
        checks.batch_shape(prepared.shape, self.event_shape)
        if self.missing is None:
            return prepared, None
        observed = self.missing.observed(prepared)
        return self.missing.filled(prepared, observed), observed

    def condition_features(self, condition: Any, rows: int | None, training: bool = False) -> Any:
        """Returns the features `[B, C]` of a condition, or None for a model without one.

        Args:
          condition: y, one row of it for every row of data, or None.
          rows: How many rows of data there are, or None if that is not known.
          training: Whether the condition layer runs as in training.

        Raises:
          TypeError: If it holds no real numbers.
          ValueError: If it does not fit, is missing, or the model takes none.
        """
        if not checks.is_symbolic(condition):
            self.check_condition(condition, rows)
            if condition is not None and not tf.is_tensor(condition):
                condition = checks.array(condition, "condition")
        if self.condition is None:
            return None
        return conditions.features_of(self.condition, condition, self.data_dtype, training)

    def check_rows(self, x: Any, name: str = "x") -> None:
        """Checks that `x` is data which this model can score, as far as its values tell.

        Args:
          x: Data, `[B, *event]`.
          name: What the caller calls `x`.

        Raises:
          TypeError: If `x` holds no real numbers.
          ValueError: If its shape or a value does not fit.
        """
        seed = seeds.as_seed(seeds.EVALUATION)
        validation.check_rows(self, x, name, lambda rows: self._preprocessed(rows, seed))

    def check_condition(self, condition: Any, rows: int | None, name: str = "condition") -> None:
        """Checks that there is a condition for every row, or none where the model takes none.

        Args:
          condition: y, `[rows, ...]`, or None.
          rows: How many rows of data there are, or None if that is not known.
          name: What the caller calls `condition`.

        Raises:
          TypeError: If it holds no real numbers.
          ValueError: If it does not fit.
        """
        if self.condition is not None:
            conditions.checked(condition, self.condition, rows, name)
        elif condition is not None:
            raise ValueError(
                f"`{name}` must be None, for the model was made without a condition layer; got a "
                f"{type(condition).__name__}."
            )

    def _preprocessed(self, x: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        x = tf.cast(x, self.data_dtype)
        if self.preprocess is None:
            return x
        arguments = {"seed": seed} if self._preprocess_draws else {}
        prepared = preprocessed(self.preprocess, x, **arguments)
        return tf.cast(prepared, self.data_dtype)
