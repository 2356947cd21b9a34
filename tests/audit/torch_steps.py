"""Training steps of PyTorch beside their modules; imported where PyTorch is installed."""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

D, K = 12, 3


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(D, 8)
        self.mu = nn.Linear(8, K)
        self.logvar = nn.Linear(8, K)

    def forward(self, x):
        h = F.relu(self.hidden(x))
        return self.mu(h), self.logvar(h)


encoder = Encoder()
decoder = nn.Sequential(nn.Linear(K, 8), nn.ReLU(), nn.Linear(8, D), nn.Sigmoid())
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()])


def train_step(x):
    optimizer.zero_grad()
    mu, logvar = encoder(x)
    z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
    bce = F.binary_cross_entropy(decoder(z), x, reduction="sum")
    loss = bce + 0.5 * torch.sum(mu**2 + logvar.exp() - logvar - 1)
    loss.backward()
    optimizer.step()
    return loss.item()


class WithClassifier(nn.Module):
    """A module that also tells drawn latents from others."""

    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.decoder = nn.Sequential(nn.Linear(K, D), nn.Sigmoid())
        self.classifier = nn.Sequential(nn.Linear(K, 4), nn.ReLU(), nn.Linear(4, 1), nn.Sigmoid())

    def forward(self, x):
        mu, logvar = self.encoder(x)
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        return self.decoder(z), mu, logvar, self.classifier(z)

    def training_step(self, batch, batch_idx):
        recon, mu, logvar, real = self(batch)
        bce = F.binary_cross_entropy(recon, batch, reduction="mean")
        kld = -0.5 * torch.mean(1 + logvar - mu.pow(2) - logvar.exp())
        return bce + kld + F.binary_cross_entropy(real, torch.ones_like(real))
