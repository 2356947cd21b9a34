"""Every network in PyTorch is that in Keras: with its weights and noise it has the same bound."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from benchmarks import architectures
from tests.support.by_hand_models import built, noise
from tfp_vae import networks

torch = pytest.importorskip("torch", reason="the extra `frameworks` is not installed")

from benchmarks import by_hand_torch, torch_epochs  # noqa: E402

B = 4


def mirrored(kernel, axes):
    """PyTorch pads images on the other side: its network is that of mirrored images."""
    return np.flip(kernel, axes)


def channels_first(kernel, axis):
    """Orders an axis of flattened images `[height, width, 64]` as PyTorch flattens them."""
    side = round((kernel.shape[axis] // 64) ** 0.5)
    rows = np.moveaxis(kernel, axis, 0).reshape([side, side, 64, -1])
    ordered = np.moveaxis(mirrored(rows, (0, 1)), 2, 0).reshape([kernel.shape[axis], -1])
    return np.moveaxis(ordered, 0, axis)


def gates_of_torch(kernel):
    """Keras has the gates update, reset, new; PyTorch reset, update, new."""
    update, reset, new = np.split(kernel, 3, axis=-1)
    return np.concatenate([reset, update, new], axis=-1)


def weights_of(layer):
    """Returns a Keras layer's weights as those of the PyTorch module, by name."""
    values = [each.numpy() for each in layer.trainable_weights]
    if isinstance(layer, (keras.layers.Conv2D, keras.layers.Conv2DTranspose)):
        kernel, bias = values
        return {"weight": mirrored(kernel, (0, 1)).transpose(3, 2, 0, 1), "bias": bias}
    if isinstance(layer, keras.layers.GRU):
        kernel, recurrent, bias = map(gates_of_torch, values)
        return {
            "weight_ih_l0": kernel.T,
            "weight_hh_l0": recurrent.T,
            "bias_ih_l0": bias[0],
            "bias_hh_l0": bias[1],
        }
    if isinstance(layer, networks.MaskedDense):
        kernel, bias, context = values
        return {"inputs.weight": kernel.T, "inputs.bias": bias, "context.weight": context.T}
    kernel, bias = values
    return {"weight": kernel.T, "bias": bias}


def leaves(network):
    """Returns the layers with weights, from the first to the last."""
    return [layer for layer in network.layers if layer.trainable_weights]


def zipped(layers, module):
    """Returns the layers with the modules that hold weights, of which there are as many."""
    leaf = (torch.nn.Linear, torch.nn.Conv2d, torch.nn.ConvTranspose2d, torch.nn.GRU)
    modules = [each for each in module.modules() if isinstance(each, leaf)]
    return [*zip(layers, modules, strict=True)]


def normal(parts, name, module):
    prefix = f"{name}_" if name else ""
    return [(parts[f"{prefix}loc"], module.loc), (parts[f"{prefix}scale"], module.scale)]


def pairs(parts, model):
    """Returns every layer of a Keras model by hand with its module in PyTorch."""
    if isinstance(model, by_hand_torch.TwoLayers):
        found = zipped([*leaves(parts["down"]), parts["logits"]], model.decoder)
        for network, name in [("up", "q1"), ("up2", "q2"), ("down2", "p1")]:
            coder, head = getattr(model, name)
            found += [*zipped(leaves(parts[network]), coder), *normal(parts, name, head)]
        return found
    found = [
        *zipped(leaves(parts["encoder"]), model.encoder),
        *normal(parts, "", model.posterior),
        *zipped([*leaves(parts["decoder"]), parts["logits"]], model.decoder),
    ]
    if isinstance(model, by_hand_torch.AutoregressiveFlow):
        found.append((parts["context"], model.context))
        for index, step in enumerate(model.steps):
            found += zip(parts[f"step_{index}"].masked_layers, step.layers, strict=True)
    return found


def converted(kind, parts, model):
    """Returns all weights of a Keras model by hand as those of the model in PyTorch."""
    state = {}
    names = {module: name for name, module in model.named_modules()}
    convolutional = kind.startswith("convolutional")
    for layer, module in pairs(parts, model):
        values = weights_of(layer)
        if convolutional and layer in (parts["loc"], parts["scale"]):
            values["weight"] = channels_first(values["weight"], 1)
        if convolutional and layer is leaves(parts["decoder"])[0]:
            values["weight"] = channels_first(values["weight"], 0)
            values["bias"] = channels_first(values["bias"][:, None], 0)[:, 0]
        if convolutional and layer is parts["logits"]:
            values["weight"] = values["weight"][:, :, None, None]
        for name, value in values.items():
            state[f"{names[module]}.{name}"] = torch.from_numpy(value.copy())
    if "pseudo_inputs" in parts:
        state["pseudo_inputs"] = torch.from_numpy(parts["pseudo_inputs"].numpy())
    return state


def test_the_networks_are_those_of_the_benchmark():
    assert list(torch_epochs.KINDS) == list(architectures.KINDS)


@pytest.mark.parametrize("kind", architectures.KINDS)
def test_equal_weights_and_noise_give_an_equal_bound_and_gradient(kind):
    ours, theirs = built(kind), torch_epochs.model(kind)
    rng = np.random.default_rng(0)
    for weights in ours.trainable_weights:
        # Of no layer are the biases or the outputs zeros now.
        weights.assign(rng.normal(0.0, 0.1, weights.shape))
    state = converted(kind, ours.parts, theirs)
    parameters = dict(theirs.named_parameters())
    assert state.keys() == parameters.keys()
    theirs.load_state_dict(state, strict=False)
    x = rng.integers(0, 2, [B, *architectures.KINDS[kind][0]]).astype("float32")
    seen = mirrored(x, (1, 2)).copy() if x.ndim == 4 else x
    found = theirs(torch_epochs.as_rows(seen), noise(torch.from_numpy))
    with tf.GradientTape() as tape:
        expected = ours.hand_written(ours.parts, x, noise(tf.convert_to_tensor))
    np.testing.assert_allclose(found.detach(), expected, rtol=2e-5)
    found.sum().backward()
    # Gradients are laid out as the weights are.
    gradients = tape.gradient(expected, ours.trainable_weights)
    for weights, gradient in zip(ours.trainable_weights, gradients, strict=True):
        weights.assign(gradient)
    for name, value in converted(kind, ours.parts, theirs).items():
        difference = (parameters[name].grad - value).norm() / value.norm()
        assert difference < 1e-4, name


@pytest.mark.parametrize("kind", architectures.KINDS)
def test_the_first_weights_are_spread_alike(kind):
    ours = built(kind)
    torch.manual_seed(0)
    theirs = torch_epochs.model(kind)
    parameters = dict(theirs.named_parameters())
    for name, value in converted(kind, ours.parts, theirs).items():
        # Of 32 uniform numbers or more, from fixed seeds; biases are zeros.
        found, expected = (
            each.detach().square().mean().item() for each in (parameters[name], value)
        )
        assert found == pytest.approx(expected, rel=0.5), name


def test_an_epoch_trains_and_counts_the_weights():
    x = architectures.drawn_shapes((784,))[:300]
    epoch, size = torch_epochs.epochs("dense", x, 50)
    losses = [epoch() for _ in range(3)]
    assert size == sum(np.prod(each.shape) for each in built("dense").trainable_weights)
    assert losses[0] > losses[1] > losses[2]


def test_the_loss_of_an_epoch_is_the_mean_of_its_rows(monkeypatch):
    x = architectures.drawn_shapes((784,))[:100]

    class RowMeans(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(784))

        def forward(self, rows):
            return rows.mean(-1) + 0.0 * rows @ self.weight

    monkeypatch.setattr(torch_epochs, "KINDS", {"means": RowMeans})
    epoch, size = torch_epochs.epochs("means", x, 20)
    assert size == 784
    assert epoch() == pytest.approx(x.mean(), rel=1e-5)
