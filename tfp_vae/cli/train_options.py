"""The options of `tfp-vae train`."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from tfp_vae import likelihoods
from tfp_vae.cli.console import BAD_USAGE, fail
from tfp_vae.cli.output_format import OutputFormat

AUTO = "auto"

LikelihoodName = StrEnum(  # type: ignore[misc]
    "LikelihoodName", [AUTO, *likelihoods.registry.NAMES]
)
"""The likelihoods to choose from."""

Source = Annotated[
    str,
    typer.Argument(
        help="'digits' (scikit-learn's handwritten digits, no download), or a .npy, .npz or "
        ".csv file of rows."
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="The folder to write; runs/NAME if not given."),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace an earlier run in the output folder.")
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Continue the run in the output folder, if there is one, with the same settings; "
        "more --epochs prolong it.",
    ),
]
LatentSize = Annotated[
    int, typer.Option("--latent-size", min=1, help="The number of latent variables.")
]
Likelihood = Annotated[
    LikelihoodName, typer.Option("--likelihood", help="p(x|z); auto chooses from the data.")
]
Epochs = Annotated[
    int | None,
    typer.Option(
        "--epochs",
        min=1,
        help="The most epochs; if not given, training goes on until the validation ELBO has "
        "stopped rising. An epoch has at least ten steps: of small data several passes.",
    ),
]
BatchSize = Annotated[int, typer.Option("--batch-size", min=1, help="Rows for every step.")]
LearningRate = Annotated[
    float, typer.Option("--learning-rate", help="The initial step size of AdamW.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="The seed of everything.")]
Workers = Annotated[
    int,
    typer.Option(
        "--workers",
        min=1,
        help="The number of processes on this machine that share every batch; the weights are "
        "those of one process.",
    ),
]
FormatOfResult = Annotated[
    OutputFormat,
    typer.Option(
        "--format",
        help="How to print the scores of the test set: as a table, or as JSON, with all else on "
        "standard error.",
    ),
]


@dataclass(frozen=True)
class TrainOptions:
    """The values of the options of `tfp-vae train`."""

    source: str
    output: Path | None
    overwrite: bool
    resume: bool
    latent_size: int
    likelihood: LikelihoodName
    epochs: int | None
    batch_size: int
    learning_rate: float
    seed: int
    workers: int
    output_format: OutputFormat

    def check(self) -> None:
        """Checks what Typer does not.

        Raises:
          BadParameter: If the learning rate is not positive and finite.
          CommandError: If a run is to be both resumed and overwritten.
        """
        if not 0.0 < self.learning_rate < np.inf:
            raise typer.BadParameter(
                f"--learning-rate must be above 0; got {self.learning_rate:g}."
            )
        if self.resume and self.overwrite:
            fail(
                "--resume continues a run and --overwrite replaces it; give one of them.", BAD_USAGE
            )

    def path(self, name: str) -> Path:
        """Returns the output folder of a run on the data of this name."""
        return self.output or Path("runs") / name

    def arguments(self) -> list[str]:
        """Returns the arguments after `tfp-vae train`, without the output folder."""
        settings = {
            "--latent-size": self.latent_size,
            "--likelihood": self.likelihood,
            "--epochs": self.epochs,
            "--batch-size": self.batch_size,
            "--learning-rate": self.learning_rate,
            "--seed": self.seed,
            "--workers": self.workers,
            "--format": self.output_format,
        }
        flags = {"--overwrite": self.overwrite, "--resume": self.resume}
        return [
            self.source,
            *(
                text
                for name, value in settings.items()
                if value is not None
                for text in (name, str(value))
            ),
            *(name for name, is_set in flags.items() if is_set),
        ]
