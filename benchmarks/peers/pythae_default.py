"""pythae: its VAE with its default networks and training, on columns scaled to [0, 1].

The default decoder ends in a sigmoid, so that data must lie there. The mean squared error of the
loss is a normal likelihood of scale 1, in the units of the scaled columns. The weights are those of
the epoch with the lowest loss on the validation rows, which the pipeline saves.
"""

import tempfile

import numpy as np
import torch
from pythae.models import VAE, AutoModel, VAEConfig
from pythae.pipelines import TrainingPipeline
from pythae.trainers import BaseTrainerConfig

from benchmarks.peers import default_protocol, protocol
from benchmarks.peers.default_protocol import IMPORTANCE_SAMPLES, ROWS_AT_ONCE, Answer, Rows


def _range(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    lowest, highest = rows.train.min(axis=0), rows.train.max(axis=0)
    return lowest, np.where(highest > lowest, highest - lowest, 1.0)


def _scaled(x: np.ndarray, rows: Rows) -> torch.Tensor:
    lowest, width = _range(rows)
    return torch.from_numpy(((x - lowest) / width).astype(np.float32))


def train(rows: Rows) -> VAE:
    torch.set_num_threads(protocol.THREADS)
    torch.manual_seed(0)
    vae = VAE(VAEConfig(input_dim=(rows.train.shape[1],), latent_dim=rows.latent_size))
    with tempfile.TemporaryDirectory() as folder:
        config = BaseTrainerConfig(output_dir=folder, no_cuda=True)
        pipeline = TrainingPipeline(model=vae, training_config=config)
        pipeline(train_data=_scaled(rows.train, rows), eval_data=_scaled(rows.valid, rows))
        best = AutoModel.load_from_folder(f"{pipeline.trainer.training_dir}/final_model")
    return best.eval()


@torch.no_grad()
def answer(vae: VAE, rows: Rows) -> Answer:
    torch.manual_seed(1)
    lowest, width = _range(rows)
    x = _scaled(rows.test, rows)
    means = vae.decoder(vae.encoder(x).embedding).reconstruction.reshape(x.shape)
    blocks = [_log_p(vae, block) for block in x.split(ROWS_AT_ONCE)]
    return Answer(
        np.concatenate(blocks) - np.log(width).sum(),
        means.numpy() * width + lowest,
        np.zeros(x.shape[1], bool),
    )


def _log_p(vae: VAE, x: torch.Tensor) -> np.ndarray:
    encoded = vae.encoder(x)
    scale = torch.exp(0.5 * encoded.log_covariance)
    posterior = torch.distributions.Normal(encoded.embedding, scale)
    z = posterior.sample((IMPORTANCE_SAMPLES,))
    means = vae.decoder(z.flatten(0, 1)).reconstruction.reshape(len(z), *x.shape)
    log_likelihood = torch.distributions.Normal(means, 1.0).log_prob(x).sum(-1)
    log_prior = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1)
    log_weights = log_likelihood + log_prior - posterior.log_prob(z).sum(-1)
    return default_protocol.log_mean_exp(log_weights.double().numpy())


if __name__ == "__main__":
    default_protocol.main(train, answer, ["pythae", "torch"])
