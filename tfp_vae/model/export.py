"""Export of a model as a SavedModel for serving."""

import contextlib
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from tfp_vae import atomic_files
from tfp_vae.error_text import described
from tfp_vae.model.sampling import ancestral_sample
from tfp_vae.paths import as_path

if TYPE_CHECKING:
    from tfp_vae.model.vae import VAE

_CONVERTED = {".onnx": "ONNX", ".tflite": "TensorFlow Lite"}


def export(vae: "VAE", filepath: Any, verbose: bool | None = None, **refused: Any) -> None:
    """Writes the signatures `encode`, `decode`, `sample` and `elbo` of a model.

    Args:
      vae: The model.
      filepath: The folder to write.
      verbose: Whether Keras prints the signatures.
      **refused: `format`, which may only be "tf_saved_model".

    Raises:
      OSError: If it cannot be written; an existing folder is left unchanged.
      ValueError: If another format is given, or the name of a file of ONNX or TensorFlow Lite.
      TypeError: If another argument is given.
    """
    path = as_path(filepath, "filepath", "served")
    if path.suffix.lower() in _CONVERTED:
        raise ValueError(
            f"`filepath` must be a folder, for a SavedModel; got {path.name!r}: files of "
            f"{_CONVERTED[path.suffix.lower()]} are made from that folder, as the page "
            '"Serve a model" shows.'
        )
    wanted = refused.pop("format", "tf_saved_model")
    if not isinstance(wanted, str) or wanted != "tf_saved_model":
        raise ValueError(f"`format` must be 'tf_saved_model'; got {described(wanted)}.")
    for name in refused:
        raise TypeError(f"`{name}` is no argument of export.")
    dtype = vae.decoder.likelihood.variable_dtype
    x = tf.TensorSpec([None, *vae.event_shape], dtype, name="x")
    z = tf.TensorSpec([None, vae.latent_size], dtype, name="z")
    seed = tf.TensorSpec([2], tf.int32, name="seed")
    sample_size = tf.TensorSpec([], tf.int32, name="sample_size")
    # A model of p(x|y) takes y as the last argument of every signature.
    given = []
    if vae.pipeline.parts.required:
        y_shape = vae.pipeline.condition_row_shape or ()
        given = [tf.TensorSpec([None, *y_shape], dtype, name="condition")]

    def encode(x: tf.Tensor, condition: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        posterior = vae.posterior(x, condition=condition)
        latents = {"mean": vae.reconstructing_latents(posterior)}
        with contextlib.suppress(NotImplementedError):
            latents["stddev"] = posterior.stddev()
        return latents

    def decode(z: tf.Tensor, condition: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        features = vae.pipeline.features(condition, None)
        known = vae.decoder.likelihood.known_at(vae.pipeline.exposures_in(condition))
        decoded = vae.decoded(z, features, known=known)
        return {"mean": vae.decoder.likelihood.prediction(decoded)}

    def sample(
        sample_size: tf.Tensor, seed: tf.Tensor, condition: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        return {"x": ancestral_sample(vae, sample_size, seed, False, condition)}

    def elbo(
        x: tf.Tensor, seed: tf.Tensor, condition: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        return vae.elbo(x, seed=seed, condition=condition)._asdict()

    archive = keras.export.ExportArchive()
    archive.track(vae)
    archive.add_endpoint("encode", encode, input_signature=[x, *given])
    archive.add_endpoint("decode", decode, input_signature=[z, *given])
    archive.add_endpoint("sample", sample, input_signature=[sample_size, seed, *given])
    archive.add_endpoint("elbo", elbo, input_signature=[x, seed, *given])
    if "://" in str(filepath):
        archive.write_out(filepath, verbose=verbose)
        return
    try:
        with atomic_files.atomic_path(filepath) as aside:
            archive.write_out(str(aside), verbose=verbose)
    except tf.errors.OpError as error:
        raise OSError(f"{str(filepath)!r} cannot be written: {error.message}.") from error
