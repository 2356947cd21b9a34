"""MultiVae's models of three views: halves of an image and its label."""

import argparse
import json

import numpy as np
import torch
from multivae.data.datasets.base import MultimodalBaseDataset
from multivae.models import MMVAE, MVAE, MMVAEConfig, MoPoE, MoPoEConfig, MVAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from torch import nn

from benchmarks.peers import torch_modules

KINDS = {
    "MVAE": (MVAE, MVAEConfig, {"use_subsampling": True, "k": 1, "warmup": 0}),
    "MMVAE": (
        MMVAE,
        MMVAEConfig,
        {"K": 1, "prior_and_posterior_dist": "normal", "learn_prior": False},
    ),
    "MoPoE": (MoPoE, MoPoEConfig, {}),
}


class Encoder(BaseEncoder):
    """One hidden layer, and the logarithm of the variance."""

    def __init__(self, size: int, units: int, latents: int) -> None:
        super().__init__()
        self.latent_dim = latents
        self.hidden = nn.Sequential(nn.Linear(size, units), nn.ReLU())
        self.loc, self.log_variance = nn.Linear(units, latents), nn.Linear(units, latents)

    def forward(self, x: torch.Tensor) -> ModelOutput:
        features = self.hidden(x)
        return ModelOutput(embedding=self.loc(features), log_covariance=self.log_variance(features))


class Decoder(BaseDecoder):
    """One hidden layer, and logits."""

    def __init__(self, size: int, units: int, latents: int) -> None:
        super().__init__()
        self.latent_dim = latents
        self.network = nn.Sequential(nn.Linear(latents, units), nn.ReLU(), nn.Linear(units, size))

    def forward(self, z: torch.Tensor) -> ModelOutput:
        return ModelOutput(reconstruction=self.network(z))


def views(x: np.ndarray, y: np.ndarray) -> dict[str, torch.Tensor]:
    """Returns the views of images and labels, the label as a one-hot vector."""
    middle = x.shape[1] // 2
    return {
        "upper": torch.from_numpy(x[:, :middle]),
        "lower": torch.from_numpy(x[:, middle:]),
        "label": torch.eye(10)[torch.from_numpy(y)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("kind", choices=list(KINDS))
    parser.add_argument("given", help="an .npz of x, y, test and test_y")
    parser.add_argument("made", help="the .npz to write, of labels and images")
    for name in ("seed", "epochs", "units", "latents", "batch-size", "scored-rows"):
        parser.add_argument(f"--{name}", type=int, required=True)
    for name in ("draws-per-label", "importance-samples"):
        parser.add_argument(f"--{name}", type=int, required=True)
    arguments = parser.parse_args()
    torch_modules.begin(arguments.seed)
    # By which experts and subsets of views are chosen.
    np.random.seed(arguments.seed)
    with np.load(arguments.given) as arrays:
        train = views(arrays["x"], arrays["y"])
        test = views(arrays["test"], arrays["test_y"])
    kind, config, options = KINDS[arguments.kind]
    sizes = {name: view.shape[1] for name, view in train.items()}
    networks = (arguments.units, arguments.latents)
    model = kind(
        config(
            n_modalities=3,
            latent_dim=arguments.latents,
            input_dims={name: (size,) for name, size in sizes.items()},
            decoders_dist={"upper": "bernoulli", "lower": "bernoulli", "label": "categorical"},
            **options,
        ),
        encoders={name: Encoder(size, *networks) for name, size in sizes.items()},
        decoders={name: Decoder(size, *networks) for name, size in sizes.items()},
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(arguments.epochs):
        model.train()
        for rows in torch.randperm(len(train["label"])).split(arguments.batch_size):
            optimizer.zero_grad()
            batch = MultimodalBaseDataset({name: view[rows] for name, view in train.items()})
            model(batch).loss.backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        of_images = model.predict(
            MultimodalBaseDataset(test), ["upper", "lower"], ["label"], return_mean=True
        )
        wanted = torch.eye(10).repeat_interleave(arguments.draws_per_label, dim=0)
        blank = {name: torch.zeros(len(wanted), size) for name, size in sizes.items()}
        of_labels = model.predict(
            MultimodalBaseDataset({**blank, "label": wanted}), ["label"], ["upper", "lower"]
        )
        halves = [torch.sigmoid(of_labels[name]) for name in ("upper", "lower")]
        scored = {name: view[: arguments.scored_rows] for name, view in test.items()}
        nll = model.compute_joint_nll(
            MultimodalBaseDataset(scored), K=arguments.importance_samples, batch_size_K=100
        )
    np.savez(
        arguments.made,
        labels=of_images["label"].argmax(dim=-1).numpy(),
        images=torch.cat(halves, dim=-1).numpy(),
    )
    print(json.dumps({"log_likelihood": -float(nll) / arguments.scored_rows}))


if __name__ == "__main__":
    main()
