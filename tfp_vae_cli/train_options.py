"""The options of `tfp-vae train`."""

import math
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tfp_vae_cli.console import BAD_USAGE, fail
from tfp_vae_cli.output_format import OutputFormat

AUTO = "auto"


class LikelihoodName(StrEnum):
    """The likelihoods to choose from: those of `tfp_vae.likelihoods.registry`, or automatically."""

    auto = AUTO
    autoregressive_categorical = "autoregressive_categorical"
    bernoulli = "bernoulli"
    categorical = "categorical"
    continuous_bernoulli = "continuous_bernoulli"
    dirichlet_multinomial = "dirichlet_multinomial"
    discretized_logistic = "discretized_logistic"
    discretized_logistic_mixture = "discretized_logistic_mixture"
    gamma = "gamma"
    laplace = "laplace"
    multinomial = "multinomial"
    negative_binomial = "negative_binomial"
    normal = "normal"
    poisson = "poisson"
    product = "product"
    student_t = "student_t"
    zero_inflated_negative_binomial = "zero_inflated_negative_binomial"


class ObjectiveName(StrEnum):
    """The objectives to choose from, with their default arguments."""

    elbo = "elbo"
    iwae = "iwae"
    beta_tcvae = "beta_tcvae"
    info_vae = "info_vae"


class PriorName(StrEnum):
    """The priors to choose from, with their default arguments."""

    standard_normal = "standard_normal"
    mixture_of_gaussians = "mixture_of_gaussians"
    vamp_prior = "vamp_prior"
    masked_autoregressive_flow = "masked_autoregressive_flow"
    real_nvp = "real_nvp"


KINDS = ("real", "positive", "proportion", "count", "binary", "categorical", "ordered", "date",
         "constant", "identifier")  # fmt: skip
"""The kinds of columns, as `tfp_vae.tables.Kind` has them."""

Source = Annotated[
    str,
    typer.Argument(
        help="'digits' (scikit-learn's handwritten digits, no download), a .npy, .npz or .h5 file "
        "of rows, a folder of images, an .h5ad file of counts, or a table: .csv, .tsv, .csv.gz, "
        ".parquet, .feather, .xlsx or .json lines."
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
    list[str] | None,
    typer.Option(
        "--likelihood",
        help="p(x|z), by name; auto, the default, chooses from the data. Of a table COLUMN=NAME, "
        "once for each column, where NAME is a likelihood or a kind, such as age=count.",
        autocompletion=lambda: [*LikelihoodName],
    ),
]
Hidden = Annotated[
    str | None,
    typer.Option("--hidden", help="The widths of the encoder's dense layers, such as 64,32."),
]
Objective = Annotated[ObjectiveName, typer.Option("--objective", help="What training maximizes.")]
Prior = Annotated[PriorName, typer.Option("--prior", help="p(z).")]
Conv = Annotated[
    bool | None,
    typer.Option(
        "--conv/--no-conv",
        help="Whether the networks are convolutions; if not given, those of images are.",
        show_default=False,
    ),
]
Patience = Annotated[
    int, typer.Option("--patience", min=1, help="The steps without a rise before training ends.")
]
ImageSize = Annotated[
    str | None,
    typer.Option(
        "--image-size",
        help="The size that the images of a folder are brought to, such as 64 or 48x64 (height, "
        "width); if not given their own, or 64 where they have several.",
    ),
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
    likelihood: list[str]
    epochs: int | None
    batch_size: int
    learning_rate: float
    seed: int
    workers: int
    output_format: OutputFormat
    hidden: str | None = None
    objective: ObjectiveName = ObjectiveName.elbo
    prior: PriorName = PriorName.standard_normal
    conv: bool | None = None
    patience: int = 1000
    image_size: str | None = None

    def check(self) -> None:
        """Checks what Typer does not.

        Raises:
          BadParameter: If the learning rate is not positive and finite, a likelihood is unknown, or
            widths are no numbers.
          CommandError: If a run is to be both resumed and overwritten.
        """
        if not 0.0 < self.learning_rate < math.inf:
            raise typer.BadParameter(
                f"--learning-rate must be above 0; got {self.learning_rate:g}."
            )
        for each in self.likelihood:
            column, _, name = each.rpartition("=")
            if name not in [*LikelihoodName, *(KINDS if column else ())]:
                kinds = f", or a kind: {', '.join(KINDS)}" if column else ""
                raise typer.BadParameter(
                    f"--likelihood must be one of {', '.join(LikelihoodName)}{kinds}; got {each!r}."
                )
        if len([each for each in self.likelihood if "=" not in each]) > 1:
            raise typer.BadParameter(
                "--likelihood may be given once for all columns, and once as COLUMN=NAME for each; "
                f"got {' and '.join(self.likelihood)}."
            )
        if self.hidden is not None and self.hidden_layer_sizes is None:
            raise typer.BadParameter(
                f"--hidden must be widths of layers, such as 64,32; got {self.hidden!r}."
            )
        if self.image_size is not None and self.image_height_and_width is None:
            raise typer.BadParameter(
                f"--image-size must be pixels, such as 64 or 48x64; got {self.image_size!r}."
            )
        if self.resume and self.overwrite:
            fail(
                "--resume continues a run and --overwrite replaces it; give one of them.", BAD_USAGE
            )

    @property
    def hidden_layer_sizes(self) -> list[int] | None:
        """The widths of the encoder's dense layers, or None."""
        widths = (self.hidden or "").split(",")
        return [int(each) for each in widths] if all(map(_is_width, widths)) else None

    @property
    def image_height_and_width(self) -> tuple[int, int] | None:
        """The size that images are brought to, or None."""
        sides = (self.image_size or "").split("x")
        if len(sides) > 2 or not all(map(_is_width, sides)):
            return None
        return int(sides[0]), int(sides[-1])

    @property
    def likelihood_of_all(self) -> str | None:
        """The likelihood of all columns, or None to choose it."""
        given = [each for each in self.likelihood if "=" not in each and each != AUTO]
        return given[0] if given else None

    @property
    def kinds(self) -> dict[str, str]:
        """The kinds of columns of a table that are given, by name."""
        return {name: value for name, value in self._columns() if value in KINDS}

    @property
    def likelihoods(self) -> dict[str, str]:
        """The likelihoods of columns of a table that are given, by name."""
        known = {*LikelihoodName} - {AUTO, *KINDS}
        return {name: value for name, value in self._columns() if value in known}

    def _columns(self) -> list[tuple[str, str]]:
        parts = [each.rpartition("=") for each in self.likelihood if "=" in each]
        return [(column, name) for column, _, name in parts]

    def path(self, name: str) -> Path:
        """Returns the output folder of a run on the data of this name."""
        return self.output or Path("runs") / name

    def arguments(self) -> list[str]:
        """Returns the arguments after `tfp-vae train`, without the output folder."""
        settings = {
            "--latent-size": self.latent_size,
            "--hidden": self.hidden,
            "--objective": self.objective,
            "--prior": self.prior,
            "--patience": self.patience,
            "--image-size": self.image_size,
            "--epochs": self.epochs,
            "--batch-size": self.batch_size,
            "--learning-rate": self.learning_rate,
            "--seed": self.seed,
            "--workers": self.workers,
            "--format": self.output_format,
        }
        flags = {
            "--overwrite": self.overwrite,
            "--resume": self.resume,
            "--conv": self.conv is True,
            "--no-conv": self.conv is False,
        }
        return [
            self.source,
            *(text for each in self.likelihood for text in ("--likelihood", each)),
            *(
                text
                for name, value in settings.items()
                if value is not None
                for text in (name, str(value))
            ),
            *(name for name, is_set in flags.items() if is_set),
        ]


def _is_width(text: str) -> bool:
    return text.strip().isdigit() and int(text) > 0
