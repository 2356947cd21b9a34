"""Images and histograms for TensorBoard."""

import numpy as np
import tensorflow as tf

from tests.support.small_models import BINARY, REAL, small_vae
from tfp_vae import callbacks, likelihoods


def fit(vae, given, epochs=3, **options):
    return vae.fit(BINARY, epochs=epochs, batch_size=8, verbose=0, callbacks=given, **options)


def written(folder):
    """The tags of what TensorBoard would show, with the steps."""
    found = {}
    for file in folder.glob("events*"):
        for record in tf.data.TFRecordDataset(str(file)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                found.setdefault(value.tag, {})[event.step] = tf.make_ndarray(value.tensor)
    return found


def test_images_and_histograms_are_written_for_tensorboard(tmp_path):
    x = np.random.default_rng(0).integers(0, 2, [23, 5, 6]).astype("float32")
    vae = small_vae(likelihoods.Bernoulli([5, 6]))
    vae.compile(run_eagerly=True)
    pictures = callbacks.TensorBoardImages(tmp_path, x, every=2, images=3)
    vae.fit(x, epochs=4, verbose=0, callbacks=[pictures])
    found = written(tmp_path)
    images = {"data", "reconstructions", "draws"}
    assert set(found) == images | {"latents/mean", "latents/stddev", "latents/kl"}
    assert all(set(steps) == {1, 3} for steps in found.values())
    for name in images:
        width, height, *encoded = found[name][3]
        assert (int(width), int(height), len(encoded)) == (6, 5, 3)
    shown = tf.io.decode_png(found["data"][3][2]).numpy()[..., 0] / 255
    np.testing.assert_array_equal(shown, x[0])
    # A histogram is rows of left end, right end and count.
    assert found["latents/mean"][3][:, 2].sum() == 23 * 2
    assert found["latents/kl"][3][:, 2].sum() == 2


def test_rows_that_are_no_images_give_histograms_alone(tmp_path):
    vae = small_vae(likelihoods.Normal([4]))
    vae.compile(run_eagerly=True)
    vae.fit(REAL, verbose=0, callbacks=[callbacks.TensorBoardImages(str(tmp_path), REAL)])
    assert set(written(tmp_path)) == {"latents/mean", "latents/stddev", "latents/kl"}
