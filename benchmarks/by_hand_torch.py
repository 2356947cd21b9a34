"""The networks of `benchmarks.by_hand` in PyTorch: plain modules, an explicit loss, a plain loop.

They have the layers, the weights and the first weights' distributions of those in Keras, and their
losses are the same functions. Images are `[B, channels, height, width]`, and strided convolutions
pad both sides by one pixel, as is usual in PyTorch, where Keras pads the last alone: the network is
that of the mirrored image.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

LATENT_SIZE = 50
STEPS, FLOW_UNITS, CONTEXT_SIZE, GATE_BIAS = 4, (64, 64), 32, 2.0
_LOG_TWO_PI = math.log(2.0 * math.pi)

Draw = Callable[..., torch.Tensor]
"""Draws standard normal noise of a shape."""


class Normal(nn.Module):
    """The location and the scale of a normal distribution, from features `[B, F]`."""

    def __init__(self, features: int, size: int = LATENT_SIZE) -> None:
        super().__init__()
        self.loc = nn.Linear(features, size)
        self.scale = nn.Linear(features, size)

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.loc(features), functional.softplus(self.scale(features))


class Elbo(nn.Module):
    """The evidence lower bound, its KL in closed form; `features` is the width of the encoder."""

    def __init__(self, encoder: nn.Module, features: int, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder, self.posterior, self.decoder = encoder, Normal(features), decoder

    def forward(self, x: torch.Tensor, draw: Draw = torch.randn) -> torch.Tensor:
        loc, scale = self.posterior(self.encoder(x))
        logits = self.decoder(loc + scale * draw(loc.shape))
        kl = 0.5 * (loc**2 + scale**2 - 1.0 - 2.0 * scale.log()).sum(-1)
        return kl - _log_bernoulli(x, logits).flatten(1).sum(-1)


class Iwae(nn.Module):
    """The importance-weighted bound of vectors."""

    def __init__(self, size: int, draws: int) -> None:
        super().__init__()
        self.draws = draws
        self.encoder, self.posterior = mlp(size), Normal(200)
        self.decoder = vector_decoder(size)

    def forward(self, x: torch.Tensor, draw: Draw = torch.randn) -> torch.Tensor:
        loc, scale = self.posterior(self.encoder(x))
        z = loc + scale * draw((self.draws, *loc.shape))
        log_likelihood = _log_bernoulli(x, self.decoder(z)).sum(-1)
        log_weights = log_likelihood + _log_normal(z) - _log_normal(z, loc, scale)
        return math.log(self.draws) - log_weights.logsumexp(0)


class TwoLayers(nn.Module):
    """Two layers of latents: q(z1|x) q(z2|z1) and p(z2) p(z1|z2) p(x|z1), the KL by draws."""

    def __init__(self, size: int, latent_sizes: tuple[int, int]) -> None:
        super().__init__()
        first, second = latent_sizes
        self.q1 = nn.Sequential(mlp(size), Normal(200, first))
        self.q2 = nn.Sequential(mlp(first, 100), Normal(100, second))
        self.p1 = nn.Sequential(mlp(second, 100), Normal(100, first))
        self.decoder = vector_decoder(size, first)

    def forward(self, x: torch.Tensor, draw: Draw = torch.randn) -> torch.Tensor:
        loc1, scale1 = self.q1(x)
        z1 = loc1 + scale1 * draw(loc1.shape)
        loc2, scale2 = self.q2(z1)
        z2 = loc2 + scale2 * draw(loc2.shape)
        log_q = _log_normal(z1, loc1, scale1) + _log_normal(z2, loc2, scale2)
        log_p = _log_normal(z2) + _log_normal(z1, *self.p1(z2))
        return log_q - log_p - _log_bernoulli(x, self.decoder(z1)).sum(-1)


class VampPrior(nn.Module):
    """The VampPrior: the mixture of the posteriors at learned rows."""

    def __init__(self, size: int, pseudo_inputs: int) -> None:
        super().__init__()
        self.encoder, self.posterior = mlp(size), Normal(200)
        self.decoder = vector_decoder(size)
        # Between the bounds of Keras's initializer "uniform".
        self.pseudo_inputs = nn.Parameter(torch.empty(pseudo_inputs, size).uniform_(-0.05, 0.05))

    def forward(self, x: torch.Tensor, draw: Draw = torch.randn) -> torch.Tensor:
        both = self.posterior(self.encoder(torch.cat([x, self.pseudo_inputs])))
        (loc, prior_loc), (scale, prior_scale) = (
            each.split([len(x), len(self.pseudo_inputs)]) for each in both
        )
        z = loc + scale * draw(loc.shape)
        components = _log_normal(z[:, None], prior_loc, prior_scale)
        log_prior = components.logsumexp(-1) - math.log(len(self.pseudo_inputs))
        log_likelihood = _log_bernoulli(x, self.decoder(z)).sum(-1)
        return _log_normal(z, loc, scale) - log_prior - log_likelihood


class MaskedLinear(nn.Module):
    """A linear layer in which a unit sees the inputs of degrees up to its own, and the context."""

    def __init__(self, input_degrees: np.ndarray, degrees: np.ndarray) -> None:
        super().__init__()
        self.inputs = nn.Linear(len(input_degrees), len(degrees))
        self.context = nn.Linear(CONTEXT_SIZE, len(degrees), bias=False)
        mask = np.less_equal.outer(input_degrees, degrees).T
        self.register_buffer("mask", torch.from_numpy(mask.astype("float32")))

    def forward(self, z: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        masked = functional.linear(z, self.inputs.weight * self.mask, self.inputs.bias)
        return masked + self.context(context)


class Made(nn.Module):
    """Two parameters for every latent, from those before it, as `tfp_vae.networks.MADE`."""

    def __init__(self, reverse: bool) -> None:
        super().__init__()
        places = np.arange(LATENT_SIZE)[:: -1 if reverse else 1]
        hidden = [np.arange(width) * LATENT_SIZE // width for width in FLOW_UNITS]
        degrees = [places + 1, *hidden, np.repeat(places, 2)]
        self.layers = nn.ModuleList(map(MaskedLinear, degrees[:-1], degrees[1:]))

    def forward(self, z: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        *hidden, last = self.layers
        features = z
        for layer in hidden:
            features = torch.tanh(layer(features, context))
        return last(features, context).unflatten(-1, (LATENT_SIZE, 2))


class AutoregressiveFlow(nn.Module):
    """An inverse autoregressive flow after the normal posterior."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.encoder, self.posterior = mlp(size), Normal(200)
        self.context = nn.Linear(200, CONTEXT_SIZE)
        self.steps = nn.ModuleList(Made(reverse=bool(index % 2)) for index in range(STEPS))
        self.decoder = vector_decoder(size)

    def forward(self, x: torch.Tensor, draw: Draw = torch.randn) -> torch.Tensor:
        features = self.encoder(x)
        loc, scale = self.posterior(features)
        context = self.context(features)
        noise = draw(loc.shape)
        z, log_q = loc + scale * noise, _log_normal(noise) - scale.log().sum(-1)
        for step in self.steps:
            proposal, gate = step(z, context).unbind(-1)
            gate = gate + GATE_BIAS
            z = torch.lerp(proposal, z, torch.sigmoid(gate))
            log_q = log_q + functional.softplus(-gate).sum(-1)
        return log_q - _log_normal(z) - _log_bernoulli(x, self.decoder(z)).sum(-1)


class LastState(nn.Module):
    """The last state of a GRU, `[B, steps, F]` to `[B, units]`."""

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.gru = nn.GRU(inputs, units, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.gru(x)[1][0]


class RepeatedGru(nn.Module):
    """A GRU that sees the latents at every step, `[B, L]` to `[B, steps, channels]`."""

    def __init__(self, steps: int, units: int, channels: int) -> None:
        super().__init__()
        self.steps = steps
        self.gru = nn.GRU(LATENT_SIZE, units, batch_first=True)
        self.logits = nn.Linear(units, channels)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        states, _ = self.gru(z[:, None].expand(-1, self.steps, -1))
        return self.logits(states)


def mlp(inputs: int, units: int = 200) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, units), nn.Tanh(), nn.Linear(units, units), nn.Tanh())


def vector_decoder(size: int, latents: int = LATENT_SIZE) -> nn.Sequential:
    return nn.Sequential(*mlp(latents), nn.Linear(200, size))


def convolutional(height: int, width: int, channels: int) -> Elbo:
    """`networks.conv([32, 64])` and its mirror, of sizes that 4 divides."""
    halved = {"kernel_size": 3, "stride": 2, "padding": 1}
    doubled = {**halved, "output_padding": 1}
    smallest = (64, height // 4, width // 4)
    features = math.prod(smallest)
    encoder = nn.Sequential(
        *(nn.Conv2d(channels, 32, **halved), nn.ReLU()),
        *(nn.Conv2d(32, 64, **halved), nn.ReLU()),
        nn.Flatten(),
    )
    decoder = nn.Sequential(
        *(nn.Linear(LATENT_SIZE, features), nn.ReLU(), nn.Unflatten(1, smallest)),
        *(nn.ConvTranspose2d(64, 64, **doubled), nn.ReLU()),
        *(nn.ConvTranspose2d(64, 32, **doubled), nn.ReLU()),
        nn.Conv2d(32, channels, kernel_size=1),
    )
    return Elbo(encoder, features, decoder)


KINDS: dict[str, Callable[[], nn.Module]] = {
    "dense": lambda: Elbo(mlp(784), 200, vector_decoder(784)),
    "convolutional, 28 x 28 x 1": lambda: convolutional(28, 28, 1),
    "convolutional, 64 x 64 x 3": lambda: convolutional(64, 64, 3),
    "GRU, 28 steps of 28": lambda: Elbo(LastState(28, 64), 64, RepeatedGru(28, 64, 28)),
    "IWAE, 5 draws": lambda: Iwae(784, 5),
    "IWAE, 50 draws": lambda: Iwae(784, 50),
    "two layers of latents": lambda: TwoLayers(784, (100, LATENT_SIZE)),
    "VampPrior, 50 pseudo-inputs": lambda: VampPrior(784, 50),
    "inverse autoregressive flow": lambda: AutoregressiveFlow(784),
}
"""By the name of the network, its model; the names are those of `benchmarks.architectures`."""


def _log_bernoulli(x: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    return x * logits - functional.softplus(logits)


def _log_normal(z: torch.Tensor, loc: Any = 0.0, scale: Any = None) -> torch.Tensor:
    if scale is None:
        return -0.5 * (z**2 + _LOG_TWO_PI).sum(-1)
    return -(0.5 * (((z - loc) / scale) ** 2 + _LOG_TWO_PI) + scale.log()).sum(-1)
