"""scvi-tools: counts of its simulator, and `SCVI` on counts of cells.

`simulate` writes an .npz of `x`, `batch` and `kind`; `train` reads one with a boolean `held_out`,
trains on the other rows, and writes the latents of those held out.
"""

import argparse
import importlib.metadata
import json
import time
import warnings

import numpy as np

GENES = 200


def simulate(arguments: argparse.Namespace) -> None:
    """Writes counts of `scvi.data.synthetic_iid`."""
    import scvi

    np.random.seed(arguments.seed)
    cells = scvi.data.synthetic_iid(
        batch_size=arguments.cells // 2, n_genes=GENES, n_batches=2, sparse_format=None
    )
    batch = cells.obs["batch"].astype("category").cat.codes.to_numpy()
    kind = cells.obs["labels"].astype("category").cat.codes.to_numpy()
    np.savez(arguments.output, x=np.asarray(cells.X), batch=batch, kind=kind)
    print("{}")


def train(arguments: argparse.Namespace) -> None:
    """Trains `SCVI`, and prints what it reaches on the cells held out."""
    import anndata
    import lightning
    import scvi
    import torch

    torch.set_num_threads(1)
    scvi.settings.seed = arguments.seed
    with np.load(arguments.data) as arrays:
        x, batch, held_out = arrays["x"].astype(np.float32), arrays["batch"], arrays["held_out"]
    cells = anndata.AnnData(x)
    cells.obs["batch"] = [f"batch {number}" for number in batch]
    known, unseen = cells[~held_out].copy(), cells[held_out].copy()
    scvi.model.SCVI.setup_anndata(known, batch_key="batch")
    model = scvi.model.SCVI(
        known,
        n_hidden=128,
        n_latent=10,
        n_layers=1,
        dropout_rate=0.1,
        dispersion=arguments.dispersion,
        gene_likelihood=arguments.likelihood,
        encode_covariates=True,
    )

    class Clock(lightning.Callback):
        def __init__(self):
            self.seconds, self.processor_seconds = [], []

        def on_train_epoch_start(self, *_):
            self._begun = time.perf_counter(), time.process_time()

        def on_train_epoch_end(self, *_):
            self.seconds.append(time.perf_counter() - self._begun[0])
            self.processor_seconds.append(time.process_time() - self._begun[1])

    clock = Clock()
    model.train(
        max_epochs=arguments.epochs,
        train_size=1.0,
        batch_size=arguments.batch_size,
        accelerator="cpu",
        enable_progress_bar=False,
        callbacks=[clock],
        plan_kwargs={
            "lr": 1e-3,
            "weight_decay": 0.0,
            "n_epochs_kl_warmup": None,
            "n_steps_kl_warmup": None,
        },
    )
    log_likelihood = model.get_marginal_ll(
        unseen, n_mc_samples=arguments.importance_samples, n_mc_samples_per_pass=50
    )
    np.save(arguments.output, model.get_latent_representation(unseen))
    print()
    print(
        json.dumps(
            {
                "log_likelihood": float(log_likelihood),
                "seconds": clock.seconds[1:],
                "processor_seconds": clock.processor_seconds[1:],
                "versions": {
                    name: importlib.metadata.version(name) for name in ("scvi-tools", "torch")
                },
            }
        )
    )


def main() -> None:
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("what", choices=["simulate", "train"])
    parser.add_argument("--output", required=True)
    parser.add_argument("--data", help="of train: the .npz of counts")
    parser.add_argument("--cells", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--likelihood", default="zinb")
    parser.add_argument("--dispersion", default="gene")
    parser.add_argument("--importance-samples", type=int, default=500)
    arguments = parser.parse_args()
    {"simulate": simulate, "train": train}[arguments.what](arguments)


if __name__ == "__main__":
    main()
