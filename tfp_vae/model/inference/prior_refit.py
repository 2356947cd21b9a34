"""A prior fitted to the latents of a trained model, whose networks stay as they are."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks, seeds, shapes
from tfp_vae.priors import Prior
from tfp_vae.training import initial_rows

if TYPE_CHECKING:
    from tfp_vae.model.vae import VAE

_BATCH_SIZE = 256
_DRAWS = 20_000
_MOST_DRAWS_OF_A_ROW = 20
_HELD_OUT = 0.1
_PATIENCE = 10


def refitted(
    vae: "VAE",
    prior: Prior,
    x: Any,
    condition: Any,
    epochs: int,
    learning_rate: float,
    seed: seeds.Seed,
    verbose: int,
) -> "VAE":
    """Makes a copy of a model with a prior fitted to draws from q(z|x).

    Args:
      vae: The model, which stays as it is.
      prior: A prior, of which the arguments count.
      x: An array `[N, *event]`, or a dataset that can be read more than once.
      condition: y, `[N, ...]`, or None.
      epochs: The largest number of passes over the draws.
      learning_rate: That of Adam at first; it falls where the held-out draws stop to improve.
      seed: The seed of the draws and of their order.
      verbose: As of `keras.Model.fit`.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If the prior does not suit the model or has no weights, or the data does not fit
        or can be read only once.
    """
    checks.instance_of(prior, Prior, "prior", "priors.MixtureOfGaussians(10)")
    epochs = checks.positive_int(epochs, "epochs")
    learning_rate = checks.finite_number(
        learning_rate, "learning_rate", minimum=0.0, exclusive=True
    )
    if isinstance(x, Iterator):
        raise ValueError(
            "`x` must be data that can be read more than once, such as an array or a dataset; got "
            f"a {type(x).__name__}."
        )
    key = seeds.as_seed(seed)
    copy = _with_prior(vae, prior)
    layer = copy.distribution_layers["prior"]
    if not layer.trainable_variables:
        raise ValueError(
            "`prior` must have weights to fit, such as those of priors.MixtureOfGaussians(10); got "
            f"a {type(prior).__name__}, which has none."
        )
    z = vae.encode(x, condition, seed=seeds.fold_in(key, 0), verbose=0)
    rows = len(z)
    draws = [z] + [
        vae.encode(x, condition, seed=seeds.fold_in(key, index), verbose=0)
        for index in range(1, min(-(-_DRAWS // rows), _MOST_DRAWS_OF_A_ROW))
    ]
    generator = np.random.default_rng(key.numpy().view(np.uint32))
    order = generator.permutation(rows)
    held_out, kept = np.split(order, [max(1, int(_HELD_OUT * rows))])
    if not len(kept):
        raise ValueError(f"`x` must hold at least two rows; got {rows}.")
    if layer.rows_wanted:
        found = initial_rows(x, shapes.size_of(copy.event_shape))
        if found is not None:
            layer.adapt(copy.prepared(found))
    train = np.concatenate([each[kept] for each in draws])
    layer.adapt_to_latents(train[:, -layer.event_shape[0] :], int(generator.integers(2**31)))
    features = None
    if layer.conditional:
        features = np.asarray(copy.pipeline.features(condition, rows))
    model = _LatentDensity(copy)
    model.compile(
        keras.optimizers.Adam(learning_rate),
        run_eagerly=vae.compiled and vae.run_eagerly,
        jit_compile=False,
    )
    with seeds.keras_seeded(int(generator.integers(2**31))):
        model.fit(
            _inputs(train, None if features is None else np.tile(features[kept], [len(draws), 1])),
            batch_size=_BATCH_SIZE,
            epochs=epochs,
            validation_data=(
                _inputs(
                    np.concatenate([each[held_out] for each in draws]),
                    None if features is None else np.tile(features[held_out], [len(draws), 1]),
                ),
                None,
            ),
            validation_batch_size=_BATCH_SIZE,
            callbacks=[
                keras.callbacks.ReduceLROnPlateau(factor=0.3, patience=_PATIENCE // 3),
                keras.callbacks.EarlyStopping(patience=_PATIENCE, restore_best_weights=True),
            ],
            verbose=verbose,
        )
    return copy


def _with_prior(vae: "VAE", prior: Prior) -> "VAE":
    """Returns a model of another prior, and of the same networks with weights of their own."""
    config = {**vae.get_config(), "prior": keras.saving.serialize_keras_object(prior)}
    copy = type(vae).from_config(config)
    copy.suggestion = vae.suggestion
    for old, new in zip(_weights_beside_prior(vae), _weights_beside_prior(copy), strict=True):
        new.assign(tf.convert_to_tensor(old))
    if vae.compiled:
        copy.compile_from_config(vae.get_compile_config() or {})
    return copy


def _weights_beside_prior(vae: "VAE") -> list[keras.Variable]:
    of_prior = {id(weight) for weight in vae.distribution_layers["prior"].weights}
    return [weight for weight in vae.weights if id(weight) not in of_prior]


def _inputs(z: np.ndarray, features: np.ndarray | None) -> dict[str, np.ndarray]:
    return {"z": z} if features is None else {"z": z, "features": features}


class _LatentDensity(keras.Model):
    """The prior of a model as a density of latents; of the model it trains nothing else."""

    def __init__(self, vae: "VAE") -> None:
        super().__init__(name="latent_density")
        self.prior_layer = vae.distribution_layers["prior"]
        self._density = vae.prior_of

    def call(self, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        """Returns log p(z) in nats, `[B]`."""
        log_prob: tf.Tensor = self._density(inputs.get("features")).log_prob(inputs["z"])
        return log_prob

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> tf.Tensor:
        """Returns the negative mean of log p(z)."""
        del x, y, sample_weight, training
        return -tf.reduce_mean(y_pred)
