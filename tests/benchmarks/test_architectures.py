"""The networks whose speed is compared are the same, and so are their bounds."""

import keras
import numpy as np
import pytest

from benchmarks import architectures


@pytest.mark.nightly
@pytest.mark.parametrize(
    "kind", [kind for kind in architectures.KINDS if not kind.startswith("convolutional")]
)
def test_ours_and_that_by_hand_have_the_same_weights_and_bound(kind):
    shape, *makers = architectures.KINDS[kind]
    x = architectures.drawn_shapes(shape)
    sizes, losses = [], []
    for make in makers:
        model = make()
        # Steps of length 0: all rows see the same weights.
        model.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
        model.fit(x[:2], batch_size=2, verbose=0)
        sizes.append(sum(np.size(weights) for weights in model.trainable_weights))
        for weights in model.trainable_weights:
            weights.assign(np.zeros(weights.shape))
        losses.append(model.fit(x, batch_size=500, verbose=0).history["loss"][-1])
    assert sizes[0] == sizes[1]
    # 784 log 2 for the rows, whose logits are 0, and a divergence, from the draws of 1,000 rows
    # with a standard error of about 0.1.
    assert losses[0] == pytest.approx(losses[1], abs=0.6)
    assert losses[0] > 784 * np.log(2.0) - 0.6
