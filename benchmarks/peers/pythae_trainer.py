"""pythae: its training pipeline."""

import tempfile

import torch
from pythae.pipelines import TrainingPipeline
from pythae.trainers import BaseTrainerConfig
from pythae.trainers.training_callbacks import TrainingCallback

from benchmarks.peers import architecture, protocol, pythae_model, torch_modules


class Clock(TrainingCallback):
    """Reports the begin and end of epochs to a run."""

    def __init__(self, run: protocol.Run) -> None:
        self.run = run

    def on_epoch_begin(self, *_, **_named):
        self.run.epoch_begins()

    def on_log(self, _config, logs, **_named):
        self.run.epoch_ends(logs["train_epoch_loss"])


def train(run: protocol.Run) -> architecture.Weights:
    torch_modules.begin(run.seed)
    vae = pythae_model.model(run.x.shape[1])
    with tempfile.TemporaryDirectory() as folder:
        config = BaseTrainerConfig(
            output_dir=folder,
            num_epochs=run.epochs,
            learning_rate=architecture.LEARNING_RATE,
            per_device_train_batch_size=run.batch_size,
            optimizer_cls="Adam",
            seed=run.seed,
            no_cuda=True,
        )
        pipeline = TrainingPipeline(model=vae, training_config=config)
        pipeline(train_data=torch.from_numpy(run.x), callbacks=[Clock(run)])
    return torch_modules.weights_of(vae.encoder.network, vae.decoder.network)


if __name__ == "__main__":
    protocol.main(train, ["pythae", "torch"])
