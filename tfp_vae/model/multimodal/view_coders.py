"""The encoder and the decoder of several views, each made of one for every view."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, shapes
from tfp_vae.likelihoods import Known, Product
from tfp_vae.model.coders import Decoder, Encoder
from tfp_vae.model.multimodal.experts import JoinedExperts
from tfp_vae.posteriors import MultivariateNormalDiag


class JointEncoder(Encoder):
    """The encoder of several views: an expert for each, joined to one posterior.

    A view of a row is missing if all its values are. The others of its values that are missing
    reach the expert's network as its layer of input encoding fills them.

    Args:
      encoders: The encoder of each view, by its name.
      sizes: The number of values of each view.
      experts: How the experts are joined, as of `JoinedExperts`.
      **kwargs: The usual arguments of a Keras layer.

    Raises:
      ValueError: If an encoder has another posterior than a diagonal normal, or another number of
        latents than the first.
    """

    def __init__(
        self, encoders: Mapping[str, Encoder], sizes: Mapping[str, int], experts: str, **kwargs: Any
    ) -> None:
        first = next(iter(encoders.values())).posterior
        for name, encoder in encoders.items():
            if not isinstance(encoder.posterior, MultivariateNormalDiag):
                raise ValueError(
                    f"`encoders[{name!r}]` must have a posteriors.MultivariateNormalDiag, since "
                    f"experts are joined as such; got a {type(encoder.posterior).__name__}."
                )
            if encoder.posterior.latent_size != first.latent_size:
                raise ValueError(
                    "`encoders` must have the same number of latents; got "
                    f"{first.latent_size} and {encoder.posterior.latent_size}."
                )
        joined = JoinedExperts(experts, len(encoders), first.latent_size, dtype=first.dtype_policy)
        # The networks are those of the views.
        super().__init__(keras.layers.Identity(), joined, **kwargs)
        self.encoders, self.sizes = dict(encoders), dict(sizes)

    def take_input_encoding(
        self, encoding: keras.layers.Layer, condition_width: int, sees_mask: bool
    ) -> None:
        """Takes the layers by which the networks see the data, one for each view.

        Args:
          encoding: A `networks.ColumnEncodings` with one layer for each view.
          condition_width: How many entries of the last axis are features of a condition.
          sees_mask: Whether values may be missing; the networks do not see which.
        """
        del sees_mask
        super().take_input_encoding(encoding, condition_width, sees_mask=False)
        for encoder, part in zip(self.encoders.values(), encoding.parts, strict=True):
            if part is not None and not encoder.built:
                encoder.take_input_encoding(part, condition_width, sees_mask=False)

    def build(self, input_shape: Any) -> None:
        """Builds the encoder of every view for inputs `[batch, values of all views]`."""
        self.sizes_in = sizes = tuple(input_shape)[1:]
        self.input_spec = keras.layers.InputSpec(shape=(None, *sizes))
        total = sum(self.sizes.values())
        if self.input_encoding is not None and not self.input_encoding.built:
            self.input_encoding.build((None, total))
        for name, encoder in self.encoders.items():
            if not encoder.built:
                encoder.build((None, self.sizes[name] + sizes[-1] - total))
        self.built = True

    def call(self, x: Any, observed: Any = None, training: bool | None = None) -> tfd.Distribution:
        """Returns the posterior of every row: batch `[B]`, event `[latent_size]`.

        Args:
          x: The views of every row beside each other, `[B, values]`, then features of a condition.
          observed: A boolean tensor `[B, values]`, false where a value is missing; None if none is.
          training: Whether the networks run as in training.
        """
        x = tf.convert_to_tensor(x)
        *views, features = tf.split(x, self._widths(x), axis=-1)
        if observed is None:
            observed = tf.ones_like(x[..., : sum(self.sizes.values())], tf.bool)
        masks = tf.split(observed, list(self.sizes.values()), axis=-1)
        experts = [
            encoder.of_tensors(
                tf.concat([own, features], axis=-1), observed=mask, training=training
            )
            for encoder, own, mask in zip(self.encoders.values(), views, masks, strict=True)
        ]
        return self.posterior.joined(
            tf.stack([expert.loc for expert in experts], axis=1),
            tf.stack([expert.scale.diag_part() for expert in experts], axis=1),
            tf.stack([tf.reduce_any(mask, axis=-1) for mask in masks], axis=1),
        )

    def posterior_parameters(self, x: tf.Tensor, observed: Any = None) -> dict[str, tf.Tensor]:
        """Returns the parameters of every row's product of experts, outside training."""
        parameters: dict[str, tf.Tensor] = self.posterior.parameters_of(
            self.of_tensors(x, observed=observed, training=False)
        )
        return parameters

    def _widths(self, x: tf.Tensor) -> list[int]:
        sizes = list(self.sizes.values())
        return [*sizes, int(x.shape[-1]) - sum(sizes)]


class JointDecoder(Decoder):
    """The decoder of several views, which are independent given the latents.

    Args:
      decoders: The decoder of each view, by its name, whose likelihood is one of flat rows.
      **kwargs: The usual arguments of a Keras layer.

    Raises:
      ValueError: If a likelihood is not one of flat rows, or has another dtype than the first.
    """

    def __init__(self, decoders: Mapping[str, Decoder], **kwargs: Any) -> None:
        parts, start = [], 0
        for name, decoder in decoders.items():
            event = decoder.likelihood.event_shape
            if len(event) != 1:
                raise ValueError(
                    f"`decoders[{name!r}]` must have a likelihood of flat rows, such as "
                    f"likelihoods.Bernoulli([{shapes.size_of(event)}]); got event shape "
                    f"{list(event)}."
                )
            parts.append((range(start, start + event[0]), decoder.likelihood))
            start += event[0]
        # The networks are those of the views.
        super().__init__(keras.layers.Identity(), Product(parts), **kwargs)
        self.decoders = dict(decoders)
        self.likelihood.built = any(decoder.built for decoder in decoders.values())

    def build(self, input_shape: Any) -> None:
        """Builds the decoder of every view for latents `[..., latent_size]`."""
        for decoder in self.decoders.values():
            if not decoder.built:
                decoder.build(input_shape)
        super().build(input_shape)

    def call(
        self, z: Any, training: bool | None = None, known: Known | None = None
    ) -> tfd.Distribution:
        """Returns the likelihood of every row of latents: batch `[...]`, event `[values]`."""
        del known  # No part of a product has an offset.
        z = tf.convert_to_tensor(z)
        flat, restore = shapes.flatten_leading(tf.cast(z, self.compute_dtype), event_rank=1)
        added = {} if self.linear_path is None else self.linear_path(z)
        parts = []
        for index, decoder in enumerate(self.decoders.values()):
            # The parameters of a product are named by the number of the part.
            own = {
                name.removeprefix(f"{index}."): value
                for name, value in added.items()
                if name.startswith(f"{index}.")
            }
            features = restore(decoder.trunk(flat, training=training))
            parts.append(decoder.likelihood(features, added=own))
        return self.likelihood.distribution(*parts)


def checked_views(
    encoders: Any, decoders: Any
) -> tuple[dict[str, Encoder], dict[str, Decoder], dict[str, int]]:
    """Returns encoders, decoders and numbers of values of views, by their names in one order.

    Raises:
      TypeError: If one of the two is no dict of encoders or decoders by names.
      ValueError: If there is none, or they are of other views.
    """
    for name, coders, kind in (("encoders", encoders, Encoder), ("decoders", decoders, Decoder)):
        checks.instance_of(
            coders, Mapping, name, f'{{"image": tfp_vae.{kind.__name__}(...), "label": ...}}'
        )
        if not coders:
            raise ValueError(f"`{name}` must have at least one view; got none.")
        for view, coder in coders.items():
            if not isinstance(view, str) or not view:
                raise TypeError(f"`{name}` must have names of views as keys; got {view!r}.")
            checks.instance_of(
                coder, kind, f"{name}[{view!r}]", f"tfp_vae.{kind.__name__}(trunk, ...)"
            )
    if set(encoders) != set(decoders):
        raise ValueError(
            "`decoders` must be of the same views as `encoders`, "
            f"{', '.join(encoders)}; got {', '.join(decoders)}."
        )
    ordered = {name: decoders[name] for name in encoders}
    sizes = {
        name: shapes.size_of(decoder.likelihood.event_shape) for name, decoder in ordered.items()
    }
    return dict(encoders), ordered, sizes
