"""Draws of a model beside held-out rows: whether they are realistic, diverse and new."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tfp_vae import checks, seeds
from tfp_vae.error_text import described
from tfp_vae.evaluation.generation_scores.features import features_of, row_encoding
from tfp_vae.evaluation.generation_scores.records import DataCopying, GenerationScore
from tfp_vae.evaluation.generation_scores.samples import drawn_rows, prepared_rows, training_rows
from tfp_vae.evaluation.row_batches import checked_rows
from tfp_vae.evaluation.text_tables import table, with_error
from tfp_vae.model import VAE

_LEAST_ROWS = 20
_LEVEL = 0.01
"""Equal distributions are found to differ once in a hundred times."""

_LEGEND = """\
Fréchet distance: of the means and covariances of draws and data.
precision: draws that lie among the data; recall: data that lie among the draws.
density: how many rows a draw lies near to; coverage: rows that have a draw near.
classifier: draws and data told apart right, of those not used to train it."""


class Generation(NamedTuple):
    """Scores of draws of a model beside held-out rows.

    Compare every score with what is `expected` of equal distributions, which depends on the numbers
    of rows, draws and features.

    Attributes:
      frechet_distance: The squared Fréchet distance of the normals with the means and covariances
        of the features, in squared units of these; 0 for equal ones, and above 0 for a perfect
        model with few rows, near which the standard error is up to half too large.
      precision: The share of draws that lie among the rows.
      recall: The share of rows that lie among the draws.
      density: The mean number of rows in whose neighbourhood a draw lies, divided by `neighbors`;
        1 for a perfect model of continuous features, more where draws keep to the middle of the
        data.
      coverage: The share of rows with a draw in their neighbourhood.
      classifier_accuracy: The share of rows and draws that a classifier tells right, of those that
        it was not trained on; 0.5 is chance. The standard error is that for a trained classifier.
      classifier_p_value: The probability of as high an accuracy for draws from the distribution of
        the data.
      copying: Whether draws are copies of training rows; None without `training_data`.
      rows: The number of rows.
      sample_size: The number of draws.

    Example:
      >>> scores = evaluation.generation(vae, x)
      >>> scores.rows, scores.sample_size, scores.copying
      (20, 20, None)
      >>> "told" in scores.verdict
      True
      >>> 0.0 <= scores.precision.value <= 1.0, scores.frechet_distance.expected > 0.0
      (True, True)
    """

    frechet_distance: GenerationScore
    precision: GenerationScore
    recall: GenerationScore
    density: GenerationScore
    coverage: GenerationScore
    classifier_accuracy: GenerationScore
    classifier_p_value: float
    copying: DataCopying | None
    rows: int
    sample_size: int

    @property
    def verdict(self) -> str:
        """Whether a classifier tells the draws from the rows, with a p-value of at most 0.01."""
        accuracy = self.classifier_accuracy.value
        finding = f"a classifier is right in {accuracy:.0%} of cases, where 50% is chance"
        if self.classifier_p_value > _LEVEL:
            return f"Draws and rows are not told apart: {finding}."
        return (
            f"Draws are told from rows: {finding}. The noise of p(x|z), which draws have, can be "
            "enough for that."
        )

    def __str__(self) -> str:
        lines = [
            ["", f"{self.sample_size} draws", "if equal"],
            _line("Fréchet distance", self.frechet_distance),
            _line("precision", self.precision),
            _line("recall", self.recall),
            _line("density", self.density),
            _line("coverage", self.coverage),
            _line("classifier accuracy", self.classifier_accuracy),
            ["  p-value", f"{self.classifier_p_value:.2g}", ""],
        ]
        copies = "Copies of training rows were not looked for: that takes the training rows."
        if self.copying is not None:
            lines += [
                _line("closer to training rows than data", self.copying.share_closer),
                ["  p-value", f"{self.copying.p_value:.2g}", ""],
            ]
            copies = self.copying.verdict
        return "\n\n".join([table(lines), _LEGEND, self.verdict, copies])


def generation(
    vae: VAE,
    x: Any,
    features: Callable[[np.ndarray], Any] | None = None,
    training_data: Any = None,
    sample_size: int | None = None,
    neighbors: int = 5,
    seed: seeds.Seed = 0,
    batch_size: int = 500,
    condition: Any = None,
) -> Generation:
    """Scores draws of a model beside held-out rows, for how realistic, diverse and new they are.

    All scores are of the features of draws and rows. By default these are the values of a row as
    the likelihood encodes them for an encoder, in units of `x`: every column of a table is divided
    by its standard deviation, an image as a whole by one number, since a pixel that hardly varies
    is to stay small; counts and positive values are logarithms, class codes one-hot vectors, and
    binary values stay as they are. Distances of pixels say little of large natural images: use the
    features of a trained network there.

    The neighbourhood of a row is the ball that reaches to its nearest neighbour number `neighbors`
    among the rows; that of a draw, the same among the draws. The classifier is a random forest,
    trained on half of the rows and draws. Standard errors come from random halves of rows and
    draws, but for the classifier and the copies. Time grows with the product of the numbers of rows
    and draws; a few thousand of each are enough.

    Draws have the noise of p(x|z), and the scores see it: a classifier tells noisy draws from data
    whose background is exactly 0. A model of p(x|y) draws for the y of the rows; the scores compare
    x alone.

    Args:
      vae: The model.
      x: Rows held out from training, `[N, *event]`, at least 20, without missing values.
      features: A function, such as a Keras model, from rows `[B, *event]`, a NumPy array after the
        preprocess layer, to features `[B, D]`; None for the rows themselves, as above.
      training_data: The rows that the model was trained on, `[T, *event]`, without missing values
        and without those of `x`, to look for copies; None not to.
      sample_size: The number of draws, at least 20; None for as many as rows.
      neighbors: The number of nearest neighbours that make a neighbourhood.
      seed: An int, a `[2]` integer tensor, or None for a fresh seed.
      batch_size: The number of rows drawn, preprocessed and given to `features` at once.
      condition: y, `[N, ...]`, for a model of p(x|y); the draws take the rows' y in turn.

    Returns:
      A `Generation`; print it.

    Raises:
      ImportError: If scikit-learn is not installed.
      TypeError: If an argument is of the wrong kind, or `features` returns no numbers.
      ValueError: If `x` or `training_data` does not fit the model, or has missing values, there are
        too few rows, draws, or neighbours among them, or a draw or a feature is not finite.

    Example:
      >>> scores = evaluation.generation(vae, x, features=lambda rows: rows[:, :2])
      >>> scores.frechet_distance.value > 0.0
      True

    Source: Heusel et al. (2017), "GANs trained by a two time-scale update rule converge to a local
    Nash equilibrium" (the distance); Kynkäänniemi et al. (2019), "Improved precision and recall
    metric for assessing generative models"; Naeem et al. (2020), "Reliable fidelity and diversity
    metrics for generative models" (density and coverage); Lopez-Paz & Oquab (2017), "Revisiting
    classifier two-sample tests"; Meehan et al. (2020), "A non-parametric test to detect
    data-copying in generative models".
    """
    try:
        from tfp_vae.evaluation.generation_scores.classifier_test import classifier_test
        from tfp_vae.evaluation.generation_scores.comparison import sample_comparison
        from tfp_vae.evaluation.generation_scores.data_copying import data_copying
    except ImportError as error:
        raise ImportError(
            "evaluation.generation needs scikit-learn: pip install 'tfp-vae[sklearn]'."
        ) from error
    if features is not None and not callable(features):
        raise TypeError(
            "`features` must be a function from rows [B, *event] to features [B, D], or None; got "
            f"{described(features)}."
        )
    held_out = checked_rows(vae, x, batch_size, condition)
    known = None if training_data is None else training_rows(vae, training_data)
    count = len(held_out)
    if sample_size is not None:
        count = checks.positive_int(sample_size, "sample_size")
    neighbors = checks.positive_int(neighbors, "neighbors")
    _check_sizes(len(held_out), count, neighbors)
    key = seeds.as_seed(seed)
    row_seed, training_seed, draw_seed = seeds.split(key, 3)
    generator = np.random.default_rng(key.numpy().view(np.uint32))
    rows = prepared_rows(vae, held_out, batch_size, row_seed, "x")
    y = None
    if condition is not None:
        order = np.resize(generator.permutation(len(rows)), count)
        y = checks.array(condition, "condition")[order]
    draws = drawn_rows(vae, count, batch_size, draw_seed, y)
    samples = [rows, draws]
    if known is not None:
        samples.append(prepared_rows(vae, known, batch_size, training_seed, "training_data"))
    if features is None:
        features = row_encoding(vae.decoder.likelihood, rows)
    row_features, draw_features, *training_features = features_of(features, samples, batch_size)
    compared = sample_comparison(row_features, draw_features, neighbors, generator)
    classified = classifier_test(row_features, draw_features, generator)
    copying = None
    if known is not None:
        copying = data_copying(row_features, draw_features, *training_features, *samples[1:])
    return Generation(
        *compared,
        classifier_accuracy=GenerationScore(classified.accuracy, classified.standard_error, 0.5),
        classifier_p_value=classified.p_value,
        copying=copying,
        rows=len(rows),
        sample_size=count,
    )


def _line(name: str, score: GenerationScore) -> list[str]:
    return [name, with_error(score.value, score.standard_error), f"{score.expected:.3f}"]


def _check_sizes(rows: int, sample_size: int, neighbors: int) -> None:
    if rows < _LEAST_ROWS:
        raise ValueError(f"`x` must hold at least {_LEAST_ROWS} rows; got {rows}.")
    if sample_size < _LEAST_ROWS:
        raise ValueError(f"`sample_size` must be at least {_LEAST_ROWS}; got {sample_size}.")
    most = min(rows, sample_size) // 2 - 1
    if neighbors > most:
        raise ValueError(
            f"`neighbors` must be at most {most}, the number of other rows in a half of {rows} rows"
            f" or {sample_size} draws; got {neighbors}."
        )
