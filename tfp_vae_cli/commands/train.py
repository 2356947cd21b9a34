"""`tfp-vae train`."""

from tfp_vae_cli import train_options as option
from tfp_vae_cli.output_format import OutputFormat
from tfp_vae_cli.paths import check_output_folder, data_name
from tfp_vae_cli.tensorflow_start import tensorflow_imported
from tfp_vae_cli.train_options import ObjectiveName, PriorName, TrainOptions


def train(
    source: option.Source = "digits",
    output: option.Output = None,
    overwrite: option.Overwrite = False,
    resume: option.Resume = False,
    latent_size: option.LatentSize = 16,
    likelihood: option.Likelihood = None,
    epochs: option.Epochs = None,
    batch_size: option.BatchSize = 100,
    learning_rate: option.LearningRate = 1e-3,
    seed: option.Seed = 0,
    workers: option.Workers = 1,
    hidden: option.Hidden = None,
    objective: option.Objective = ObjectiveName.elbo,
    prior: option.Prior = PriorName.standard_normal,
    conv: option.Conv = None,
    patience: option.Patience = 1000,
    image_size: option.ImageSize = None,
    output_format: option.FormatOfResult = OutputFormat.table,
) -> None:
    """Train a VAE on data, and write the model, its history and plots.

    A fifth of the rows is held out for the test, a tenth for validation during training.
    """
    options = TrainOptions(
        source,
        output,
        overwrite,
        resume,
        latent_size,
        likelihood or [],
        epochs,
        batch_size,
        learning_rate,
        seed,
        workers,
        output_format,
        hidden,
        objective,
        prior,
        conv,
        patience,
        image_size,
    )
    options.check()
    name = data_name(source)
    if workers == 1 and not resume:
        check_output_folder(options.path(name), overwrite)
    with tensorflow_imported():
        from tfp_vae_cli.actions import train as action
    action.train(options)
