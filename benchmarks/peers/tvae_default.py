"""TVAE of the package ctgan, with its defaults; class codes are given as discrete columns.

Its loss is that of a mixture of normals for every continuous column, of which the decoder gives the
weights and the value in units of the component: a density, which is scored here by importance
sampling. `TVAE.sample` takes the heaviest component instead of drawing one, which has no density.
"""

import numpy as np
import torch
from ctgan.synthesizers import tvae

from benchmarks.peers import default_protocol, protocol
from benchmarks.peers.default_protocol import IMPORTANCE_SAMPLES, ROWS_AT_ONCE, Answer, Rows

UNITS = 4.0
"""A value is divided by four standard deviations of its component."""


class Trained:
    """A synthesizer with its encoder, which `TVAE.fit` does not keep."""

    def __init__(self, rows: Rows) -> None:
        made = []

        class Kept(tvae.Encoder):
            def __init__(self, *arguments):
                super().__init__(*arguments)
                made.append(self)

        original, tvae.Encoder = tvae.Encoder, Kept
        try:
            self.synthesizer = tvae.TVAE(enable_gpu=False)
            self.synthesizer.fit(rows.train, np.flatnonzero(rows.classes).tolist())
        finally:
            tvae.Encoder = original
        (self.encoder,) = made
        self.decoder = self.synthesizer.decoder.eval()
        self.transformer = self.synthesizer.transformer


def train(rows: Rows) -> Trained:
    torch.set_num_threads(protocol.THREADS)
    torch.manual_seed(0)
    np.random.seed(0)
    return Trained(rows)


@torch.no_grad()
def answer(trained: Trained, rows: Rows) -> Answer:
    torch.manual_seed(1)
    np.random.seed(1)
    known = _with_known_classes(rows)
    coded = torch.from_numpy(trained.transformer.transform(known).astype(np.float32))
    means = torch.tanh(trained.decoder(trained.encoder(coded)[0])[0])
    blocks = []
    for start in range(0, len(coded), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        blocks.append(_log_p(trained, coded[part], known[part], rows.rounding))
    unseen = (known != rows.test).sum(axis=1)
    log_p = np.concatenate(blocks) - unseen * np.log(len(rows.train) + 1.0)
    reconstructed = trained.transformer.inverse_transform(means.numpy())
    return Answer(log_p, np.asarray(reconstructed, np.float64), rows.classes)


def _with_known_classes(rows: Rows) -> np.ndarray:
    """Returns the held-out rows, each class that training rows lack replaced by one they have."""
    known = rows.test.copy()
    for column in np.flatnonzero(rows.classes):
        seen = np.unique(rows.train[:, column])
        known[:, column] = np.where(np.isin(known[:, column], seen), known[:, column], seen[0])
    return known


def _log_p(
    trained: Trained, coded: torch.Tensor, x: np.ndarray, rounding: np.ndarray
) -> np.ndarray:
    loc, scale, _ = trained.encoder(coded)
    posterior = torch.distributions.Normal(loc, scale)
    z = posterior.sample((IMPORTANCE_SAMPLES,))
    outputs, sigmas = trained.decoder(z)
    log_weights = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1)
    log_weights -= posterior.log_prob(z).sum(-1)
    start = 0
    for column, info in enumerate(trained.transformer._column_transform_info_list):
        stop = start + info.output_dimensions
        own = outputs[..., start:stop]
        if info.column_type == "discrete":
            log_weights += (torch.log_softmax(own, -1) * coded[:, start:stop]).sum(-1)
        else:
            values = torch.from_numpy(x[:, column])
            log_weights += _log_mixture(info, own, sigmas[start], values, rounding[column])
        start = stop
    return default_protocol.log_mean_exp(log_weights.double().numpy())


def _log_mixture(
    info: object, own: torch.Tensor, sigma: torch.Tensor, x: torch.Tensor, rounding: float
) -> torch.Tensor:
    mixture = info.transform._bgm_transformer
    kept = info.transform.valid_component_indicator
    means = torch.from_numpy(mixture.means_.reshape(-1)[kept])
    units = UNITS * torch.from_numpy(np.sqrt(mixture.covariances_).reshape(-1)[kept])
    # In the data's own units: a value of the decoder times the unit, from the component's mean.
    loc = means + units * torch.tanh(own[..., :1].double())
    scale = torch.sqrt((units * sigma.double()) ** 2 + rounding)
    log_density = torch.distributions.Normal(loc, scale).log_prob(x[:, None])
    return torch.logsumexp(torch.log_softmax(own[..., 1:].double(), -1) + log_density, -1)


if __name__ == "__main__":
    default_protocol.main(train, answer, ["ctgan", "rdt", "torch"])
