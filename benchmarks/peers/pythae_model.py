"""pythae's VAE with custom networks, as in its documentation."""

import torch
from pythae.models import VAE, VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder

from benchmarks.peers import architecture, torch_modules


class Encoder(BaseEncoder):
    """pythae wants the logarithm of the variance, so it gets that of the softplus, squared."""

    def __init__(self, event_size: int) -> None:
        super().__init__()
        self.network = torch_modules.Encoder(event_size)

    def forward(self, x: torch.Tensor) -> ModelOutput:
        loc, scale = self.network(x)
        return ModelOutput(embedding=loc, log_covariance=2 * torch.log(scale))


class Decoder(BaseDecoder):
    """pythae wants probabilities."""

    def __init__(self, event_size: int) -> None:
        super().__init__()
        self.network = torch_modules.Decoder(event_size)

    def forward(self, z: torch.Tensor) -> ModelOutput:
        return ModelOutput(reconstruction=torch.sigmoid(self.network(z)))


def model(event_size: int) -> VAE:
    """Makes the model of `architecture`."""
    config = VAEConfig(
        input_dim=(event_size,),
        latent_dim=architecture.LATENT_SIZE,
        reconstruction_loss="bce",
    )
    return VAE(config, encoder=Encoder(event_size), decoder=Decoder(event_size))
