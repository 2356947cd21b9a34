"""Variational autoencoders of several views of the same rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks, networks, posteriors, seeds
from tfp_vae.error_text import described
from tfp_vae.likelihoods import Likelihood
from tfp_vae.model.batch_distributions import BatchDistributions
from tfp_vae.model.coders import Decoder, Encoder
from tfp_vae.model.multimodal.view_coders import JointDecoder, JointEncoder, checked_views
from tfp_vae.model.multimodal.view_dropout import checked_view_dropout, with_views_dropped
from tfp_vae.model.multimodal.view_rows import joined_rows, split_rows
from tfp_vae.model.vae import VAE
from tfp_vae.objectives import Objective
from tfp_vae.priors import Prior


@keras.saving.register_keras_serializable(package="tfp_vae")
class MultimodalVAE(VAE):
    """A variational autoencoder of several views of a row, any of which may be missing.

    Every view has an encoder, whose posterior is an expert on the latents, and a decoder. The
    experts of the views that a row has are joined to q(z|x); the views are independent given z. A
    row is all views side by side, as `join` makes it of a dict, with a missing view as NaN.

    `elbo` is a bound on log p of the observed views, `evaluation.log_marginal_likelihood` estimates
    that, and `evaluation.log_conditional_likelihood` log p of some views given others.

    Args:
      encoders: The encoder of every view by its name, with `posteriors.MultivariateNormalDiag` of
        the same size. The order of the names is that of the views in a row.
      decoders: The decoder of every view by its name, with a likelihood of flat rows, such as
        `likelihoods.Bernoulli([784])`.
      experts: How the experts are joined. "product": the normalised product of the standard normal
        and the experts, the MVAE of Wu & Goodman (2018), "Multimodal generative models for scalable
        weakly-supervised learning". Trained on whole rows alone it does not learn from single
        views: see `view_dropout`. "mixture": with equal weights, the MMVAE of Shi et al. (2019),
        "Variational mixture-of-experts autoencoders for multi-modal deep generative models".
        "mixture_of_products": that of the products of all subsets of views, the MoPoE-VAE of Sutter
        et al. (2021), "Generalized multimodal ELBO", for up to 10 views. Both mixtures have
        stratified draws, and their KL is estimated from these, so that the ELBO is a bound on log
        p(x) in expectation, and not the looser one of a KL for each component.
      view_dropout: In training one view of every row, picked at random, stays, and each other one
        is dropped with this probability, for the encoder and the likelihood alike: the ELBO then is
        that of a random subset of views, as in the training of the MVAE.
      prior: p(z); by default the standard normal. The expert of a "product" that stands for it is
        the standard normal, whatever the prior.
      objective: What training maximises; by default the evidence lower bound (ELBO).
      missing_values: The code of a missing value, by default NaN; None if no view is ever missing.
        Of a view with some values missing, its encoder's network sees the mean for them.
      condition: As of `VAE`; the encoder and decoder of every view see it.
      **kwargs: Further arguments of `VAE`: `preprocess`, `adaptive` and `corruption`, and Keras's.

    Raises:
      TypeError: If a part is not of its kind.
      ValueError: If the parts do not fit, as of `VAE`; if encoders and decoders are of other views,
        a posterior is another than a diagonal normal, or a likelihood none of flat rows.

    Example:
      >>> vae = tfp_vae.MultimodalVAE.from_mlps(
      ...     {"image": likelihoods.Bernoulli([6]), "label": likelihoods.Categorical([1], 3)},
      ...     latent_size=2, units=[8])
      >>> x = vae.join({"image": np.ones([4, 6]), "label": [0, 2, 1, 1]})
      >>> x.shape, vae.elbo(x, seed=0).elbo.shape
      ((4, 7), TensorShape([4]))
      >>> vae.view_sizes
      {'image': 6, 'label': 1}
      >>> vae.translate({"label": [2, 0]}, to="image").shape
      (2, 6)
    """

    def __init__(
        self,
        encoders: Mapping[str, Encoder],
        decoders: Mapping[str, Decoder],
        experts: str = "mixture_of_products",
        view_dropout: float = 0.0,
        prior: Prior | None = None,
        objective: Objective | None = None,
        missing_values: float | None = np.nan,
        condition: keras.layers.Layer | None = None,
        **kwargs: Any,
    ) -> None:
        encoders, decoders, sizes = checked_views(encoders, decoders)
        view_dropout = checked_view_dropout(view_dropout, missing_values)
        super().__init__(
            JointEncoder(encoders, sizes, experts),
            JointDecoder(decoders),
            prior,
            objective,
            missing_values=missing_values,
            condition=condition,
            **kwargs,
        )
        self.view_dropout = view_dropout

    @classmethod
    def from_mlps(
        cls,
        likelihoods: Mapping[str, Likelihood],
        latent_size: int = 16,
        units: Sequence[int] = (200, 200),
        activation: Any = "relu",
        **kwargs: Any,
    ) -> "MultimodalVAE":
        """Makes a model whose encoders and decoders are dense layers, the same for every view.

        Args:
          likelihoods: The likelihood of every view by its name.
          latent_size: The number of latents.
          units: The widths of the layers of an encoder; a decoder has the reverse.
          activation: A Keras activation, the same after every layer.
          **kwargs: Further arguments of `MultimodalVAE`.

        Returns:
          The model.

        Raises:
          TypeError: If an argument is of the wrong kind.
          ValueError: If it has no valid value.
        """
        checks.instance_of(likelihoods, Mapping, "likelihoods", '{"image": Bernoulli([784]), ...}')
        widths = checks.positive_ints(units, "units")
        return cls(
            {
                name: Encoder(
                    networks.mlp(widths, activation),
                    posteriors.MultivariateNormalDiag(
                        latent_size, dtype=getattr(likelihood, "dtype_policy", None)
                    ),
                )
                for name, likelihood in likelihoods.items()
            },
            {
                name: Decoder(networks.mlp(widths[::-1], activation), likelihood)
                for name, likelihood in likelihoods.items()
            },
            **kwargs,
        )

    @property
    def view_sizes(self) -> dict[str, int]:
        """The number of values of every view by its name, in the order of a row."""
        return dict(self.encoder.sizes)

    @property
    def distribution_layers(self) -> dict[str, keras.layers.Layer]:
        """The layers that return distributions over latents, by their names in errors."""
        experts = {
            f"encoders[{name!r}]": encoder.posterior
            for name, encoder in self.encoder.encoders.items()
        }
        return {**experts, "prior": self.prior_layer}

    def join(self, views: Mapping[str, Any]) -> np.ndarray:
        """Returns views side by side, as all methods take rows; a view not given is missing.

        Args:
          views: Arrays `[N, values of the view]` by the names of views; `[N]` for a view of one
            value. NaN, or the code `missing_values`, in a whole row is a view that this row lacks.

        Returns:
          An array `[N, values of all views]`.

        Raises:
          TypeError: If `views` is no dict, or a view holds no real numbers.
          ValueError: If a name is unknown or none is given, views have other numbers of rows than
            one another or of values than the model's, or one is not given without
            `missing_values`.

        Example:
          >>> vae = tfp_vae.MultimodalVAE.from_mlps(
          ...     {"a": likelihoods.Normal([3]), "b": likelihoods.Normal([2])}, units=[4])
          >>> vae.join({"b": [[1.0, 2.0]]})
          array([[nan, nan, nan,  1.,  2.]], dtype=float32)
        """
        code = None if self.missing is None else self.missing.code
        return joined_rows(views, self.view_sizes, code, self.data_dtype)

    def split(self, x: Any) -> dict[str, np.ndarray]:
        """Returns the views of rows, such as those of `sample`: the reverse of `join`.

        Args:
          x: An array `[..., values of all views]`.

        Returns:
          A dict of arrays `[..., values of the view]`.

        Raises:
          TypeError: If `x` holds no real numbers.
          ValueError: If it has another number of values.

        Example:
          >>> vae = tfp_vae.MultimodalVAE.from_mlps(
          ...     {"a": likelihoods.Normal([3]), "b": likelihoods.Normal([2])}, units=[4])
          >>> vae.split(vae.sample(5, seed=0))["a"].shape
          (5, 3)
        """
        return split_rows(x, self.view_sizes)

    def translate(
        self,
        views: Any,
        to: str,
        condition: Any = None,
        *,
        seed: seeds.Seed = None,
        **kwargs: Any,
    ) -> np.ndarray:
        """Translates views to another one: the mean of p(x_to|z) at the mean of q(z|views).

        Args:
          views: Arrays by the names of views, as of `join`; of a model with two views also the
            array of the one that is not wanted.
          to: The name of the view wanted. If it is among `views`, it is a reconstruction.
          condition: y, `[N, ...]`, for a model of p(x|y).
          seed: None for the mean, or the most probable class code; with an int or a `[2]` integer
            tensor z and x are drawn.
          **kwargs: As of `encode`.

        Returns:
          An array `[N, values of the view]`.

        Raises:
          TypeError: If an argument is of the wrong kind.
          ValueError: If a view does not fit the model, or `to` is no view.

        Example:
          >>> vae = tfp_vae.MultimodalVAE.from_mlps(
          ...     {"a": likelihoods.Normal([3]), "b": likelihoods.Normal([2])}, units=[4])
          >>> vae.translate(np.zeros([5, 3]), to="b").shape
          (5, 2)
        """
        names = list(self.view_sizes)
        to = checks.one_of(to, names, "to")
        if not isinstance(views, Mapping):
            if len(names) != 2:
                raise TypeError(
                    f"`views` must be a dict of arrays by the names of views, {', '.join(names)}; "
                    f"got {described(views)}."
                )
            views = {next(name for name in names if name != to): views}
        z_seed, x_seed = (None, None) if seed is None else seeds.split(seeds.as_seed(seed), 2)
        z = self.encode(self.join(views), condition, seed=z_seed, **kwargs)
        return self.split(self.decode(z, condition, seed=x_seed, **kwargs))[to]

    def distributions(
        self,
        x: Any,
        seed: seeds.Seed = seeds.EVALUATION,
        condition: Any = None,
        training: bool = False,
    ) -> BatchDistributions:
        """Returns the distributions of a batch, in training of the views that are not dropped.

        Args:
          x: Rows, `[B, values of all views]`.
          seed: The seed of a preprocess layer and of `view_dropout`, an int or a `[2]` tensor.
          condition: y, `[B, ...]`, for a model of p(x|y).
          training: Whether views are dropped, and the networks run as in training.

        Returns:
          `BatchDistributions`, as of `VAE`.

        Raises:
          TypeError: If `x` or `seed` is of the wrong kind.
          ValueError: If `x` or `condition` does not fit the model.

        Example:
          >>> vae = tfp_vae.MultimodalVAE.from_mlps(
          ...     {"a": likelihoods.Normal([3]), "b": likelihoods.Normal([2])}, units=[4])
          >>> vae.distributions(vae.join({"b": [[1.0, 2.0]]})).posterior.batch_shape
          TensorShape([1])
        """
        if training and self.view_dropout:
            assert self.missing is not None
            x, code = tf.cast(x, self.data_dtype), self.missing.code
            x = with_views_dropped(x, self.view_sizes, self.view_dropout, code, seed)
        return super().distributions(x, seed, condition, training)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal model, untrained."""
        return {
            **super().get_config(),
            "experts": self.encoder.posterior.experts,
            "view_dropout": self.view_dropout,
        }

    def _parts_config(self) -> dict[str, Any]:
        return {
            "encoders": dict(self.encoder.encoders),
            "decoders": dict(self.decoder.decoders),
            "prior": self.prior_layer,
        }
