"""The networks of the peers on PyTorch."""

import torch
from torch import nn

from benchmarks.peers import architecture, protocol


class Encoder(nn.Module):
    def __init__(self, event_size: int) -> None:
        super().__init__()
        self.encoder_1 = dense(event_size, architecture.HIDDEN)
        self.encoder_2 = dense(architecture.HIDDEN, architecture.HIDDEN)
        self.loc = dense(architecture.HIDDEN, architecture.LATENT_SIZE)
        self.scale = dense(architecture.HIDDEN, architecture.LATENT_SIZE)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = torch.tanh(self.encoder_2(torch.tanh(self.encoder_1(x))))
        return self.loc(features), nn.functional.softplus(self.scale(features))


class Decoder(nn.Module):
    def __init__(self, event_size: int) -> None:
        super().__init__()
        self.decoder_1 = dense(architecture.LATENT_SIZE, architecture.HIDDEN)
        self.decoder_2 = dense(architecture.HIDDEN, architecture.HIDDEN)
        self.logits = dense(architecture.HIDDEN, event_size)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.logits(torch.tanh(self.decoder_2(torch.tanh(self.decoder_1(z)))))


def dense(inputs: int, outputs: int) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def weights_of(encoder: nn.Module, decoder: nn.Module) -> architecture.Weights:
    """Returns the weights of two modules that hold layers named as in `architecture.LAYERS`."""
    layers = {**dict(encoder.named_children()), **dict(decoder.named_children())}
    return {
        name: (
            layers[name].weight.detach().numpy().T,
            layers[name].bias.detach().numpy(),
        )
        for name in architecture.LAYERS
    }


def begin(seed: int) -> None:
    """Sets threads and seed."""
    torch.set_num_threads(protocol.THREADS)
    torch.manual_seed(seed)
