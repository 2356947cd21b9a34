"""The rows that a model describes most poorly, beside those that it describes best."""

import numpy as np

from tfp_vae import VAE, seeds
from tfp_vae_cli.actions.report.row_pictures import RowPictures
from tfp_vae_cli.actions.report.text_tables import html_table

_WORST, _BEST = 12, 3
_ROWS_AT_ONCE = 100
_SAMPLE_SIZE = 10


def worst_rows(
    vae: VAE, x: np.ndarray, numbers: np.ndarray, pictures: RowPictures, seed: int
) -> str:
    """Returns a table of rows in the order of their ELBO, the lowest first, as HTML.

    Args:
      vae: The model.
      x: Rows, `[N, *event]`.
      numbers: Their numbers in the data, `[N]`.
      pictures: Shows rows.
      seed: The seed of the draws.
    """
    bounds = np.concatenate(
        [
            vae.elbo(
                x[start : start + _ROWS_AT_ONCE],
                _SAMPLE_SIZE,
                seed=seeds.fold_in(seeds.as_seed(seed), start),
            ).elbo.numpy()
            for start in range(0, len(x), _ROWS_AT_ONCE)
        ]
    )
    order = np.argsort(bounds, kind="stable")
    shown = (
        order if len(order) <= _WORST + _BEST else np.concatenate([order[:_WORST], order[-_BEST:]])
    )
    data = pictures.html_of(x[shown], "row")
    means = pictures.html_of(vae.predict(x[shown], verbose=0), "reconstruction")
    rows = [["row", "data", "mean of p(x|z)", "ELBO (nats)"]]
    for place, (number, bound) in enumerate(zip(numbers[shown], bounds[shown], strict=True)):
        if place == _WORST and len(order) > len(shown):
            rows.append(["…", "", "", ""])
        rows.append([str(number), data[place], means[place], f"{bound:.2f}"])
    return html_table(rows, header=True, escaped=False)
