"""Pyro: its VAE example, `SVI.step` on every batch."""

import pyro
import pyro.distributions as dist
import torch
from pyro.infer import SVI, Trace_ELBO
from pyro.optim import Adam
from torch import nn

from benchmarks.peers import architecture, protocol, torch_modules


class VAE(nn.Module):
    def __init__(self, event_size: int) -> None:
        super().__init__()
        self.encoder = torch_modules.Encoder(event_size)
        self.decoder = torch_modules.Decoder(event_size)

    def model(self, x: torch.Tensor) -> None:
        pyro.module("decoder", self.decoder)
        with pyro.plate("data", x.shape[0]):
            zeros = torch.zeros(x.shape[0], architecture.LATENT_SIZE)
            ones = torch.ones(x.shape[0], architecture.LATENT_SIZE)
            z = pyro.sample("latent", dist.Normal(zeros, ones).to_event(1))
            logits = self.decoder(z)
            likelihood = dist.Bernoulli(logits=logits, validate_args=False)
            pyro.sample("obs", likelihood.to_event(1), obs=x)

    def guide(self, x: torch.Tensor) -> None:
        pyro.module("encoder", self.encoder)
        with pyro.plate("data", x.shape[0]):
            loc, scale = self.encoder(x)
            pyro.sample("latent", dist.Normal(loc, scale).to_event(1))


def train(run: protocol.Run) -> architecture.Weights:
    torch_modules.begin(run.seed)
    pyro.clear_param_store()
    vae = VAE(run.x.shape[1])
    svi = SVI(vae.model, vae.guide, Adam({"lr": architecture.LEARNING_RATE}), loss=Trace_ELBO())
    x = torch.from_numpy(run.x)
    whole_batches = len(x) // run.batch_size * run.batch_size

    for _ in range(run.epochs):
        run.epoch_begins()
        total = 0.0
        for rows in torch.randperm(len(x))[:whole_batches].split(run.batch_size):
            total += svi.step(x[rows])
        run.epoch_ends(total / whole_batches)
    return torch_modules.weights_of(vae.encoder, vae.decoder)


if __name__ == "__main__":
    protocol.main(train, ["pyro-ppl", "torch"])
