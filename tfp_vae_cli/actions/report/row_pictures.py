"""Rows of data as small pieces of HTML: pictures, or their values."""

import base64
import html
import io
from typing import Any

import numpy as np
import pandas as pd
import PIL.Image

from tfp_vae import VAE

_HEIGHT = 56
_MOST_VALUES = 12


class RowPictures:
    """Shows rows of a model's data: images as pictures, anything else as its first values.

    Args:
      vae: The model.
      x: Rows of its data, `[N, *event]`, for the range of grey.
    """

    def __init__(self, vae: VAE, x: np.ndarray) -> None:
        self._vae = vae
        finite = x[np.isfinite(x)]
        self._low = float(finite.min()) if finite.size else 0.0
        self._high = float(finite.max()) if finite.size else 1.0
        shape = vae.event_shape
        self.are_images = len(shape) == 2 or (len(shape) == 3 and shape[-1] in (1, 3))
        self._names = self._columns()

    def html_of(self, rows: Any, alt: str, height: int = _HEIGHT) -> list[str]:
        """Returns the HTML of every row.

        Args:
          rows: Rows, `[N, *event]`.
          alt: What they are, for who cannot see them.
          height: The height of a picture, in pixels of the screen; at least its own is taken.
        """
        values = np.asarray(rows, np.float64)
        if self.are_images:
            return [self._picture(row, alt, height) for row in values]
        return [self._text(row) for row in self._cells(values)]

    def _columns(self) -> list[str]:
        schema = self._vae.schema
        if schema is None:
            return [f"[{at}]" for at in range(int(np.prod(self._vae.event_shape)))]
        return [str(column.name) for column in schema.columns if column.modelled]

    def _cells(self, values: np.ndarray) -> list[list[str]]:
        schema = self._vae.schema
        if schema is None:
            return [[f"{value:.3g}" for value in row.ravel()] for row in values]
        frame = schema.decode(values)
        return [
            [_short(frame[name].iloc[row]) for name in frame.columns if str(name) in self._names]
            for row in range(len(values))
        ]

    def _text(self, cells: list[str]) -> str:
        pairs = list(zip(self._names, cells, strict=True))[:_MOST_VALUES]
        lines = [f"{html.escape(name)}&nbsp;{html.escape(cell)}" for name, cell in pairs]
        more = len(cells) - len(lines)
        shown = "<br>".join([*lines, *([f"and {more} more"] if more > 0 else [])])
        return f'<span class="values">{shown}</span>'

    def _picture(self, row: np.ndarray, alt: str, height: int) -> str:
        image = row if row.ndim == 3 else row[..., None]
        shades = np.clip((image - self._low) / max(self._high - self._low, 1e-12), 0.0, 1.0)
        pixels = np.round(255.0 * np.nan_to_num(shades)).astype(np.uint8)
        # Grey is dark where values are high, as in the plots.
        drawn = PIL.Image.fromarray(255 - pixels[..., 0] if image.shape[-1] == 1 else pixels)
        content = io.BytesIO()
        drawn.save(content, "PNG", optimize=True)
        encoded = base64.b64encode(content.getvalue()).decode("ascii")
        style = f"height:{max(height, image.shape[0])}px;width:auto;image-rendering:pixelated"
        return (
            f'<img class="pixels" alt="{html.escape(alt)}" style="{style}" '
            f'src="data:image/png;base64,{encoded}">'
        )


def _short(cell: Any) -> str:
    if pd.isna(cell):
        return "(blank)"
    text = f"{cell:.4g}" if isinstance(cell, float) else str(cell)
    return text if len(text) <= 24 else f"{text[:23]}…"
