"""Plots that answer to the pointer: curves, a map of the latents, latents that are moved."""

from collections.abc import Sequence

import numpy as np
from bokeh.layouts import column
from bokeh.model import Model
from bokeh.models import ColumnDataSource, CustomJS, Div, HoverTool, Slider
from bokeh.palettes import Category10, Viridis256
from bokeh.plotting import figure
from sklearn.decomposition import PCA

from tfp_vae import VAE
from tfp_vae_cli.actions.report.row_pictures import RowPictures
from tfp_vae_cli.actions.run_folder import History

_TERMS = (("elbo", "ELBO"), ("log_likelihood", "log-likelihood"), ("kl_divergence", "KL"))
_TOOLS = "box_zoom,wheel_zoom,pan,reset,save"
_MOST_POINTS = 400
_MOST_LATENTS, _STEPS = 4, 15
_DECODED_HEIGHT = 150
_MOST_LABELS = 10
_LOWEST, _HIGHEST = 1.0, 99.0


def curves(history: History) -> list[Model]:
    """Returns the curves of training; the pointer shows epoch and value.

    Args:
      history: The metrics of every epoch.
    """
    plots = []
    for name, title in _TERMS:
        plot = _figure(title, "epoch", "nats per example", 300, 240)
        for prefix, label, colour in (("", "training", 0), ("val_", "validation", 1)):
            values = history.get(f"{prefix}{name}")
            if values is None:
                continue
            source = ColumnDataSource({"epoch": list(range(1, len(values) + 1)), "nats": values})
            line = plot.line("epoch", "nats", source=source, color=Category10[3][colour],
                             legend_label=label, line_width=2)  # fmt: skip
            plot.add_tools(
                HoverTool(
                    renderers=[line],
                    mode="vline",
                    tooltips=[("epoch", "@epoch"), (label, "@nats{0.00}")],
                )
            )
        _move_legend(plot, "below")
        plot.legend.orientation = "horizontal"
        plot.legend.label_text_font_size = "9px"
        plot.legend.padding, plot.legend.margin = 2, 0
        plot.legend.border_line_color = None
        plots.append(plot)
    return plots


def latent_map(
    vae: VAE, x: np.ndarray, labels: np.ndarray | None, pictures: RowPictures
) -> list[Model]:
    """Returns the posterior means as points; the pointer shows the row and its reconstruction.

    With more than two latents, the points are the first two principal components.

    Args:
      vae: The model.
      x: Rows, `[N, *event]`; at most 400 are drawn.
      labels: A label for every row, or None.
      pictures: Shows rows.
    """
    rows = x[:_MOST_POINTS]
    means = np.asarray(vae.encode(rows, verbose=0), np.float64)
    names = ["latent 0", "latent 1"]
    if means.shape[1] > 2 and len(means) > 1:
        analysis = PCA(2).fit(means)
        means = analysis.transform(means)
        shares = analysis.explained_variance_ratio_
        names = [f"principal component {at + 1} ({share:.0%})" for at, share in enumerate(shares)]
    points = np.concatenate([means, np.zeros_like(means)], axis=1)[:, :2]
    named = None if labels is None else labels[: len(rows)]
    source = ColumnDataSource(
        {
            "first": points[:, 0],
            "second": points[:, 1],
            "row": np.arange(len(rows)),
            "label": [""] * len(rows) if named is None else [str(each) for each in named],
            "data": pictures.html_of(rows, "row"),
            "mean": pictures.html_of(vae.predict(rows, verbose=0), "reconstruction"),
            "colour": _colours(named, len(rows)),
        }
    )
    plot = _figure("Posterior means", names[0], names[1], 560, 420)
    several = named is not None and len(np.unique(named)) <= _MOST_LABELS
    options = {"legend_group": "label"} if several else {}
    drawn = plot.scatter(
        "first", "second", source=source, size=7, color="colour", alpha=0.75, **options
    )
    if several:
        _move_legend(plot, "right")
    label = "" if labels is None else " label @label"
    plot.add_tools(
        HoverTool(
            renderers=[drawn],
            tooltips=f"<div>row @row{label}</div><table><tr><td>data</td><td>p(x|z)</td></tr>"
            "<tr><td>@data{safe}</td><td>@mean{safe}</td></tr></table>",
        )
    )
    return [plot]


def moved_latents(
    vae: VAE, means: np.ndarray, order: Sequence[int], pictures: RowPictures
) -> list[Model]:
    """Returns sliders, each of which moves one latent, with what the decoder makes of it.

    The other latents stay at the mean of all rows; the slider goes over the values of the latent
    that the rows have, all but the outermost hundredths.

    Args:
      vae: The model.
      means: The posterior means of rows, `[N, latent_size]`.
      order: The latents, the most used one first; at most four are shown.
      pictures: Shows rows.
    """
    models: list[Model] = []
    for latent in order[:_MOST_LATENTS]:
        lowest, highest = np.percentile(means[:, latent], [_LOWEST, _HIGHEST])
        if not highest > lowest:
            continue
        values = np.linspace(lowest, highest, _STEPS)
        z = np.tile(means.mean(axis=0), [_STEPS, 1])
        z[:, latent] = values
        decoded = vae.decode(z.astype(np.float32), verbose=0)
        frames = pictures.html_of(decoded, "decoded picture", _DECODED_HEIGHT)
        shown = Div(text=frames[_STEPS // 2], width=200)
        slider = Slider(
            title=f"latent {latent}",
            start=float(values[0]),
            end=float(values[-1]),
            step=float(values[1] - values[0]),
            value=float(values[_STEPS // 2]),
            width=200,
        )
        slider.js_on_change(
            "value",
            CustomJS(
                args={"shown": shown, "frames": frames},
                code="shown.text = frames[Math.round((cb_obj.value - cb_obj.start) / cb_obj.step)]",
            ),
        )
        models.append(column(slider, shown))
    return models


def _figure(title: str, across: str, up: str, width: int, height: int) -> figure:
    plot = figure(
        title=title,
        x_axis_label=across,
        y_axis_label=up,
        width=width,
        height=height,
        tools=_TOOLS,
        sizing_mode="stretch_width",
        max_width=width,
    )
    plot.toolbar.logo = None
    plot.toolbar.autohide = True
    return plot


def _move_legend(plot: figure, place: str) -> None:
    """Moves the legend of a plot out of the area where it would cover what is drawn."""
    (legend,) = plot.legend
    plot.center.remove(legend)
    plot.add_layout(legend, place)


def _colours(labels: np.ndarray | None, rows: int) -> list[str]:
    """Returns a colour for every row: one for each label, or along a scale where there are many."""
    if labels is None:
        return [Category10[10][0]] * rows
    kinds, places = np.unique(labels, return_inverse=True)
    if len(kinds) <= _MOST_LABELS:
        return [Category10[10][place] for place in places]
    return [Viridis256[place * 255 // (len(kinds) - 1)] for place in places]
