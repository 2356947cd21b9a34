"""Whole models of PyTorch, as people write them; imported where PyTorch is installed."""

import dataclasses

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

D, K = 12, 3


class Example(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(D, 8)
        self.fc21 = nn.Linear(8, K)
        self.fc22 = nn.Linear(8, K)
        self.fc3 = nn.Linear(K, 8)
        self.fc4 = nn.Linear(8, D)

    def encode(self, x):
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std)
        return mu + eps * std

    def decode(self, z):
        h3 = F.relu(self.fc3(z))
        return torch.sigmoid(self.fc4(h3))

    def forward(self, x):
        mu, logvar = self.encode(x.view(-1, D))
        z = self.reparameterize(mu, logvar)
        return self.decode(z), mu, logvar

    def training_step(self, batch, batch_idx):
        x, _ = batch
        return loss_function(*self(x)[:1], x, *self(x)[1:])


def loss_function(recon_x, x, mu, logvar):
    bce = F.binary_cross_entropy(recon_x, x.view(-1, D), reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return bce + kld


def example_step(model, x):
    recon, mu, logvar = model(x)
    return loss_function(recon, x, mu, logvar)


class MeanAndSum(Example):
    """The cross-entropy is a mean over everything, the KL a sum over everything."""

    def training_step(self, batch, batch_idx):
        recon, mu, logvar = self(batch)
        bce = F.binary_cross_entropy(recon, batch)
        return {"loss": bce - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())}


class VanillaVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(D, 8), nn.LeakyReLU())
        self.fc_mu = nn.Linear(8, K)
        self.fc_var = nn.Linear(8, K)
        self.decoder_input = nn.Linear(K, 8)
        self.decoder = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.LeakyReLU())
        self.final_layer = nn.Sequential(nn.Linear(8, D), nn.Tanh())

    def encode(self, input):  # noqa: A002
        result = self.encoder(input)
        return [self.fc_mu(result), self.fc_var(result)]

    def decode(self, z):
        return self.final_layer(self.decoder(self.decoder_input(z)))

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        return torch.randn_like(std) * std + mu

    def forward(self, input, **kwargs):  # noqa: A002
        mu, log_var = self.encode(input)
        return [self.decode(self.reparameterize(mu, log_var)), input, mu, log_var]

    def loss_function(self, *args, **kwargs):
        recons, inputs, mu, log_var = args
        kld_weight = kwargs["M_N"]
        recons_loss = F.mse_loss(recons, inputs)
        kld_loss = torch.mean(-0.5 * torch.sum(1 + log_var - mu**2 - log_var.exp(), dim=1), dim=0)
        loss = recons_loss + kld_weight * kld_loss
        return {
            "loss": loss,
            "Reconstruction_Loss": recons_loss.detach(),
            "KLD": -kld_loss.detach(),
        }


class Chunked(nn.Module):
    exponent = 1.0

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(D, 8), nn.ReLU(), nn.Linear(8, 2 * K))
        self.decoder = nn.Sequential(nn.Linear(K, 8), nn.ReLU(), nn.Linear(8, D))

    def loss(self, x):
        mu, log_sigma = self.encoder(x).chunk(2, dim=-1)
        z = mu + torch.exp(self.exponent * log_sigma) * torch.randn_like(mu)
        logits = self.decoder(z)
        nll = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)
        kl = 0.5 * (mu**2 + torch.exp(2 * log_sigma) - 2 * log_sigma - 1).sum(-1)
        return (nll + kl).mean()


class OtherScale(Chunked):
    exponent = 0.5


class Distributions(nn.Module):
    """With torch.distributions, heads of their own, and a β."""

    def __init__(self):
        super().__init__()
        self.trunk = nn.Linear(D, 8)
        self.mu_head = nn.Linear(8, K)
        self.log_var_head = nn.Linear(8, K)
        self.decoder = nn.Linear(K, D)

    def elbo_loss(self, x, beta=2.0):
        h = torch.relu(self.trunk(x))
        scale = torch.exp(0.5 * self.log_var_head(h)) + 1e-3
        q = torch.distributions.Normal(self.mu_head(h), scale)
        p = torch.distributions.Normal(torch.zeros(K), torch.ones(K))
        z = q.rsample()
        likelihood = torch.distributions.Normal(self.decoder(z), 0.1)
        kl = torch.distributions.kl_divergence(q, p).sum(-1)
        return (-likelihood.log_prob(x).sum(-1) + beta * kl).mean()


class Capacity(Chunked):
    """The distance of the KL from a capacity, of the mean over the batch."""

    def loss(self, x):
        mu, logvar = self.encoder(x).chunk(2, dim=-1)
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        nll = F.binary_cross_entropy_with_logits(self.decoder(z), x, reduction="sum") / len(x)
        kl = (-0.5 * (1 + logvar - mu**2 - logvar.exp())).sum(1).mean(0)
        return nll + 10.0 * (kl - 5.0).abs()


class SampledKL(nn.Module):
    """A KL at one draw, a scale of the likelihood that is learned, and a training step."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.Linear(D, 8), nn.Linear(K, D)
        self.fc_mu, self.fc_var = nn.Linear(8, K), nn.Linear(8, K)
        self.log_scale = nn.Parameter(torch.tensor([0.0]))

    def training_step(self, batch, batch_idx):
        x, _ = batch
        h = self.encoder(x)
        mu, log_var = self.fc_mu(h), self.fc_var(h)
        q = torch.distributions.Normal(mu, torch.exp(log_var / 2))
        p = torch.distributions.Normal(torch.zeros_like(mu), torch.ones_like(mu))
        z = q.rsample()
        kl = (q.log_prob(z) - p.log_prob(z)).sum(-1)
        likelihood = torch.distributions.Normal(self.decoder(z), torch.exp(self.log_scale))
        return (kl - likelihood.log_prob(x).sum(-1)).mean()


class DrawingEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.mean, self.log_sigma = nn.Linear(D, K), nn.Linear(D, K)

    def forward(self, x):
        mu, sigma = self.mean(x), torch.exp(self.log_sigma(x))
        self.kl = (sigma**2 + mu**2 - torch.log(sigma) - 0.5).sum()
        return mu + sigma * torch.randn_like(mu)


class StoredKL(nn.Module):
    """An encoder that returns a draw and keeps a KL, in which two halves were forgotten."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = DrawingEncoder(), nn.Linear(K, D)

    def loss(self, x):
        return ((x - self.decoder(self.encoder(x))) ** 2).sum() + self.encoder.kl


class Counting(Chunked):
    """Its β grows with a count that it keeps itself, from a number of the class."""

    num_iter = 0

    def loss(self, x):
        self.num_iter += 1
        mu, logvar = self.encoder(x).chunk(2, dim=-1)
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        nll = F.binary_cross_entropy_with_logits(self.decoder(z), x, reduction="sum") / len(x)
        kl = (-0.5 * (1 + logvar - mu**2 - logvar.exp())).sum(1).mean()
        return nll + min(1.0, self.num_iter / 4) * kl


class SumOfTerms(nn.Module):
    """A loss that is a module."""

    def __init__(self):
        super().__init__()
        self.bce = nn.BCELoss(reduction="sum")

    def forward(self, recon_x, x, mu, logvar):
        return self.bce(recon_x, x) - 0.5 * torch.sum(1 + logvar - mu**2 - logvar.exp())


class DrawFirst(Example):
    """Its encoder returns z before the mean and the log-variance."""

    def encode(self, x):
        mu, logvar = super().encode(x)
        return self.reparameterize(mu, logvar), mu, logvar

    def training_step(self, batch, batch_idx):
        z, mu, logvar = self.encode(batch)
        return loss_function(self.decode(z), batch, mu, logvar)


class Anonymous(nn.Module):
    """No name says what a layer is, and the second output's layer is called first."""

    def __init__(self):
        super().__init__()
        self.l1, self.l2, self.l3 = nn.Linear(D, 8), nn.Linear(8, K), nn.Linear(8, K)
        self.l4 = nn.Linear(K, D)

    def forward(self, x):
        h = torch.tanh(self.l1(x))
        b, a = self.l3(h), self.l2(h)
        return torch.sigmoid(self.l4(a + torch.randn_like(a) * torch.exp(b / 2))), a, b

    def loss(self, x):
        return loss_function(self(x)[0], x, *self(x)[1:])


class OneForward(Anonymous):
    def loss(self, x):
        recon, a, b = self(x)
        return loss_function(recon, x, a, b)


class Capitals(nn.Module):
    """Encoder and Decoder with capitals, and channels that hold both outputs, as they are drawn."""

    def __init__(self):
        super().__init__()
        self.Encoder = nn.Linear(D, 2 * K)
        self.Quantised = nn.Linear(2 * K, 2 * K)
        self.Decoder = nn.Sequential(nn.Linear(K, D), nn.Sigmoid())

    def loss(self, x):
        mu, logvar = self.Quantised(self.Encoder(x)).chunk(2, dim=1)
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        return loss_function(self.Decoder(z), x, mu, logvar)


class OfLabels(nn.Module):
    """Encoder and decoder take a label, which the step makes of the batch's second entry."""

    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(D + 10, 8), nn.Linear(K + 10, D)
        self.fc21, self.fc22 = nn.Linear(8, K), nn.Linear(8, K)

    def encode(self, x, c):
        h = F.elu(self.fc1(torch.cat([x, c], 1)))
        return self.fc21(h), self.fc22(h)

    def decode(self, z, c):
        return torch.sigmoid(self.fc2(torch.cat([z, c], 1)))

    def training_step(self, batch, batch_idx):
        x, y = batch
        c = F.one_hot(y, 10).float()
        mu, logvar = self.encode(x, c)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return loss_function(self.decode(z, c), x, mu, logvar)


class Halves(nn.Module):
    """No name says what a layer is; the activations are in `forward`."""

    exponent = 0.5

    def __init__(self):
        super().__init__()
        self.lin1, self.lin2 = nn.Linear(D, 8), nn.Linear(8, 2 * K)
        self.lin3, self.lin4 = nn.Linear(K, 8), nn.Linear(8, D)

    def forward(self, x):
        mu, s = self.lin2(torch.relu(self.lin1(x))).chunk(2, 1)
        z = mu + torch.exp(self.exponent * s) * torch.randn_like(mu)
        return torch.sigmoid(self.lin4(torch.relu(self.lin3(z)))), mu, s

    def loss(self, x):
        recon, mu, s = self(x)
        return loss_function(recon, x, mu, s)


class OtherHalves(Halves):
    exponent = 1.0


class LossOfResult(VanillaVAE):
    """What `forward` returns goes into a loss that takes `*args`."""


class MethodOfResult(Example):
    """Its loss is a method of what `forward` returns; nothing calls it with x alone."""

    training_step = None

    def loss_function(self, recon_x, x, mu, logvar, unused=None):
        return loss_function(recon_x, x, mu, logvar)


class NoLoss(Example):
    training_step = None


class Interleaved(nn.Module):
    """One layer gives each mean beside its log-variance."""

    def __init__(self):
        super().__init__()
        self.body, self.both = nn.Linear(D, 8), nn.Linear(8, 2 * K)
        self.decoder = nn.Linear(K, D)

    def moments(self, x):
        return self.both(torch.tanh(self.body(x))).view(-1, K, 2).unbind(-1)

    def training_step(self, x, batch_idx):
        mu, logvar = self.moments(x)
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        bce = F.binary_cross_entropy_with_logits(self.decoder(z), x, reduction="none").sum(-1)
        return (bce - 0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(-1)).mean()


class LogVarianceFirst(Interleaved):
    def moments(self, x):
        logvar, mu = self.both(torch.tanh(self.body(x))).chunk(2, -1)
        return mu, logvar


class OtherInterleaved(Interleaved):
    """The draw reads the other halves than the KL."""

    def training_step(self, x, batch_idx):
        mu, logvar = self.moments(x)
        z = mu + torch.exp(logvar) * torch.randn_like(mu)
        bce = F.binary_cross_entropy_with_logits(self.decoder(z), x, reduction="none").sum(-1)
        return (bce - 0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(-1)).mean()


class LabelFirst(nn.Module):
    """Its encoder returns z first, and its decoder takes a label before z."""

    def __init__(self):
        super().__init__()
        self.mean, self.second = nn.Linear(D + 4, K), nn.Linear(D + 4, K)
        self.back, self.spread = nn.Linear(K + 4, D), nn.Linear(K + 4, D)

    def encode(self, x, y):
        h = torch.cat([x, y], 1)
        mean, s = self.mean(h), self.second(h)
        return mean + torch.exp(s) * torch.randn_like(mean), mean, s

    def decode(self, y, z):
        h = torch.cat([y, z], 1)
        return self.back(h), self.spread(h)

    def elbo(self, x, y):
        z, mean, s = self.encode(x, y)
        d, log_scale = self.decode(y, z)
        log_prob = torch.distributions.Normal(d, log_scale.exp()).log_prob(x).sum(-1)
        q = torch.distributions.Normal(mean, s.exp())
        p = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
        return (log_prob - torch.distributions.kl_divergence(q, p).sum(-1)).mean()


def label_step(model, x):
    return -model.elbo(x, F.one_hot(torch.arange(len(x)) % 4, 4).float())


class ThreeInABatch(Example):
    def training_step(self, batch, batch_idx):
        x, _, _ = batch
        return super().training_step((x, None), batch_idx)


@dataclasses.dataclass
class Output:
    total: torch.Tensor
    parts: dict


class OutputOfAClass(Example):
    def training_step(self, batch, batch_idx):
        value = super().training_step(batch, batch_idx)
        return Output(total=value, parts={"loss": value.detach()})


class MeanOfFixedSize(Example):
    """One layer gives both outputs, cut at a number that is written down."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(D, 2 * K)

    encode = None

    def training_step(self, x, batch_idx):
        both = self.encoder(x)
        mu, logvar = both[:, :K], both[:, K:]
        recon = self.decode(self.reparameterize(mu, logvar))
        bce = F.binary_cross_entropy(recon, x, reduction="none").sum(-1).mean()
        return bce - 0.001 * 0.5 * torch.mean(1 + logvar - mu.pow(2) - logvar.exp())
