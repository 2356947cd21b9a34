"""Warnings of a collapsed posterior."""

import numpy as np
import pytest

from tests.support.small_models import BINARY, eager_vae
from tfp_vae import callbacks


def fit(vae, given, epochs=3, **options):
    return vae.fit(BINARY, epochs=epochs, batch_size=8, verbose=0, callbacks=given, **options)


def collapsed_vae(**options):
    vae = eager_vae(adaptive=False, **options)
    head = vae.encoder.posterior.heads["loc"]
    head.set_weights([np.zeros_like(each) for each in head.get_weights()])
    head.trainable = False
    vae.compile(run_eagerly=True)
    return vae


def test_a_collapse_is_warned_of_once_with_remedies():
    alarm = callbacks.PosteriorCollapseWarning(BINARY, start_from_epoch=1)
    with pytest.warns(UserWarning, match="After epoch 2: Posterior collapse.*LinearWarmUp") as told:
        fit(collapsed_vae(), [alarm], epochs=4)
    assert [each.category for each in told].count(UserWarning) == 1
    assert alarm.collapsed_at == 2


def test_the_warning_checks_only_the_epochs_asked_for():
    alarm = callbacks.PosteriorCollapseWarning(BINARY, every=2, start_from_epoch=0)
    with pytest.warns(UserWarning, match="After epoch 2"):
        fit(collapsed_vae(), [alarm], epochs=3)
    quiet = callbacks.PosteriorCollapseWarning(BINARY, start_from_epoch=3)
    fit(collapsed_vae(), [quiet], epochs=3)
    assert quiet.collapsed_at is None


def test_a_model_that_uses_a_latent_gives_no_warning():
    vae = eager_vae()
    head = vae.encoder.posterior.heads["loc"]
    kernel, bias = head.get_weights()
    head.set_weights([kernel * [3.0, 0.0], bias])
    alarm = callbacks.PosteriorCollapseWarning(BINARY, start_from_epoch=0)
    fit(vae, [alarm], epochs=1)
    assert alarm.collapsed_at is None
