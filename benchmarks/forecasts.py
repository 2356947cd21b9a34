"""Forecasts of real series from rolling origins, beside simple ones and those of statsmodels.

Both models of the page on state-space models, with a linear chain of states and with a deep one,
are trained once on the years before the first origin, as statsmodels' are. Every forecast then sees
what came before it: ours the last window, an autoregression all of it.
"""

import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import statsmodels.api as sm
from scipy import stats

import tfp_vae
from tfp_vae import likelihoods, networks, objectives, posteriors, priors

STATE_SIZE = 3
BATCH_SIZE = 64
STEPS = 2400
DRAWS = 400
ORDERS = (1, 2, 3, 6, 9, 13)
"""The orders of an autoregression, of which the best by AIC is taken."""

TITLES = {
    "deep": "`StateSpaceVAE`, deep chain",
    "linear": "`StateSpaceVAE`, linear chain",
    "autoregression": "autoregression of statsmodels",
    "sarima": "SARIMA (0, 1, 1) (0, 1, 1) of statsmodels",
    "last": "last value",
    "season": "value of a season before",
    "climate": "mean of the training years, with season and trend",
}


@dataclass(frozen=True)
class Series:
    """A series, and how it is brought to one without a trend and a season.

    Attributes:
      title: What it is.
      values: The series, `[T]`, NaN where a value is missing.
      first_test: The index of the first value that is held out.
      season: The number of steps of a season.
      window: The number of steps that a model sees.
      horizon: The number of steps to forecast, at most a season.
      reduction: "none", "differences" to the season before, or "anomalies" from the mean of the
        training years in the same part of the season.
      every: The number of steps from one origin to the next.
    """

    title: str
    values: np.ndarray
    first_test: int
    season: int
    window: int
    horizon: int
    reduction: str
    every: int = 1

    @property
    def usual(self) -> np.ndarray:
        """What is subtracted from the series, known a season before, `[T]`."""
        values, season = self.values, self.season
        if self.reduction == "differences":
            return np.concatenate([np.full(season, np.nan), values[:-season]])
        if self.reduction == "anomalies":
            parts = [np.nanmean(values[at : self.first_test : season]) for at in range(season)]
            return np.resize(parts, len(values))
        return np.zeros(len(values))


def read() -> dict[str, Series]:
    """Returns the series, which come with statsmodels."""
    sunspots = sm.datasets.sunspots.load_pandas().data
    co2 = sm.datasets.co2.load_pandas().data["co2"].resample("MS").mean()
    warm = sm.datasets.elnino.load_pandas().data
    months = [name for name in warm.columns if name != "YEAR"]
    return {
        "sunspots": Series(
            "square roots of yearly sunspot numbers",
            np.sqrt(sunspots["SUNACTIVITY"].to_numpy(float)),
            int((sunspots["YEAR"] < 1920).sum()),
            season=11,
            window=32,
            horizon=10,
            reduction="none",
        ),
        "co2": Series(
            "CO2 at Mauna Loa by month, ppm",
            co2.to_numpy(float),
            int((co2.index.year < 1985).sum()),
            season=12,
            window=36,
            horizon=12,
            reduction="differences",
            every=2,
        ),
        "elnino": Series(
            "sea surface of the eastern Pacific by month, °C",
            warm[months].to_numpy(float).ravel(),
            12 * int((warm["YEAR"] < 1990).sum()),
            season=12,
            window=36,
            horizon=12,
            reduction="anomalies",
            every=2,
        ),
    }


def state_space_models(length: int, epochs: int) -> dict[str, Callable[[], tfp_vae.VAE]]:
    """Returns what makes each of our models, for windows of `length` steps."""

    def made(prior: priors.Process, hidden: list[keras.layers.Layer]) -> tfp_vae.VAE:
        return tfp_vae.StateSpaceVAE(
            tfp_vae.Encoder(
                networks.mlp([128], "tanh"), posteriors.LinearMarkovChain(length, STATE_SIZE)
            ),
            tfp_vae.Decoder(
                keras.Sequential([keras.layers.Reshape([length, STATE_SIZE]), *hidden]),
                likelihoods.Normal([length, 1], scale="shared"),
            ),
            prior=prior,
            objective=objectives.ELBO(kl_weight=objectives.LinearWarmUp(epochs)),
            missing_values=np.nan,
        )

    return {
        "linear": lambda: made(priors.LinearMarkovChain(length), []),
        "deep": lambda: made(
            priors.DeepMarkovChain(length, [16]), [keras.layers.Dense(16, "tanh")]
        ),
    }


def windows(reduced: np.ndarray, length: int, first_test: int) -> np.ndarray:
    """Returns training windows, `[N, length, 1]`, in each of which up to eight steps are blank."""
    begun = int(np.isnan(reduced).argmin())
    starts = range(begun, first_test - length + 1)
    rows = np.stack([reduced[start : start + length, None] for start in starts])
    rng = np.random.default_rng(0)
    gaps = rng.integers(0, 9, len(rows))
    after_begin = np.arange(length) - rng.integers(0, length, len(rows))[:, None]
    blank = (after_begin >= 0) & (after_begin < gaps[:, None])
    return np.where(blank[..., None], np.nan, rows)


def normal_scores(mean: np.ndarray, stddev: np.ndarray, observed: np.ndarray) -> dict[str, Any]:
    """Returns the CRPS and the log score of normals, each of the shape of `observed`.

    The CRPS is that of equation 5 in Gneiting et al. (2005), "Calibrated probabilistic forecasting
    using ensemble model output statistics and minimum CRPS estimation".
    """
    z = (observed - mean) / stddev
    at = 2.0 * stats.norm.pdf(z) + z * (2.0 * stats.norm.cdf(z) - 1.0) - 1.0 / np.sqrt(np.pi)
    return {"crps": stddev * at, "log_score": stats.norm(mean, stddev).logpdf(observed)}


def drawn_crps(draws: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Returns the CRPS of draws `[S, N, H]` for what was observed, `[N, H]`."""
    ranks = 2 * np.arange(1, len(draws) + 1) - len(draws) - 1
    spread = np.tensordot(ranks, np.sort(draws, axis=0), 1) / len(draws) ** 2
    return np.asarray(np.abs(draws - observed).mean(axis=0) - spread)


def simple(series: Series, places: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Returns means and standard deviations of simple forecasts, `[N, H]` each.

    The standard deviations are those of the errors on the training years, for each step ahead.

    Args:
      series: The series.
      places: The indices of what is forecast, `[N, H]`.
    """
    values, train = series.values, series.values[: series.first_test]
    ahead = np.arange(1, series.horizon + 1)

    def error(past: Callable[[int], int]) -> np.ndarray:
        lags = [past(int(step)) for step in ahead]
        return np.array([np.sqrt(np.nanmean((train[lag:] - train[:-lag]) ** 2)) for lag in lags])

    reduced = values - series.usual
    known = reduced[: series.first_test]
    shape = places.shape
    return {
        "last": (
            np.broadcast_to(values[places[:, :1] - 1], shape),
            np.broadcast_to(error(lambda step: step), shape),
        ),
        "season": (
            values[places - series.season],
            np.broadcast_to(error(lambda _: series.season), shape),
        ),
        "climate": (
            series.usual[places] + np.nanmean(known),
            np.full(shape, np.nanstd(known)),
        ),
    }


def of_statsmodels(
    fitted: Any, given: np.ndarray, series: Series, origins: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns means and standard deviations of a fitted model of `given`, `[N, H]` each."""
    found = [
        fitted.apply(given[:origin]).get_forecast(series.horizon) for origin in origins.tolist()
    ]
    return (
        np.stack([each.predicted_mean for each in found]),
        np.stack([each.se_mean for each in found]),
    )


def scored(series: Series, steps: int, every: int) -> dict[str, Any]:
    """Trains our models on a series, and returns the scores of all forecasts.

    Args:
      series: The series.
      steps: The number of training steps, about.
      every: Only so many origins apart, times those of the series.
    """
    last = len(series.values) - series.horizon
    origins = np.arange(series.first_test, last + 1, every * series.every)
    places = origins[:, None] + np.arange(series.horizon)
    observed = series.values[places]
    reduced = series.values - series.usual
    mean, stddev = (float(of(reduced[: series.first_test])) for of in (np.nanmean, np.nanstd))
    standard = (reduced - mean) / stddev
    runs: dict[str, dict[str, Any]] = {}
    train = windows(standard, series.window, series.first_test)
    past = np.stack([standard[origin - series.window : origin, None] for origin in origins])
    epochs = max(1, steps * BATCH_SIZE // len(train))
    for name, make in state_space_models(series.window, epochs).items():
        begun = time.process_time()
        keras.utils.set_random_seed(0)
        vae = make()
        vae.compile(keras.optimizers.Adam(0.005))
        vae.fit(train, epochs=epochs, batch_size=BATCH_SIZE, verbose=0)
        found = vae.forecast(past, series.horizon, sample_size=DRAWS, seed=0)
        draws, centre, spread = (
            series.usual[places] + mean + stddev * found.draws[..., 0],
            series.usual[places] + mean + stddev * found.mean[..., 0],
            stddev * found.stddev[..., 0],
        )
        runs[name] = {
            "crps": drawn_crps(draws, observed),
            "log_score": normal_scores(centre, spread, observed)["log_score"],
            "error": np.abs(centre - observed),
            "processor_seconds": time.process_time() - begun,
        }
    peers = simple(series, places)
    with warnings.catch_warnings():
        # Of an order that does not fit.
        warnings.simplefilter("ignore")
        known = standard[int(np.isnan(standard).argmin()) :]
        skipped = len(standard) - len(known)
        chosen = min(
            (
                sm.tsa.SARIMAX(
                    known[: series.first_test - skipped], order=(order, 0, 0), trend="c"
                ).fit(disp=False)
                for order in ORDERS
            ),
            key=lambda each: float(each.aic),
        )
        centre, spread = of_statsmodels(chosen, known, series, origins - skipped)
        peers["autoregression"] = (series.usual[places] + mean + stddev * centre, stddev * spread)
        if series.reduction != "none":
            airline = sm.tsa.SARIMAX(
                series.values[: series.first_test],
                order=(0, 1, 1),
                seasonal_order=(0, 1, 1, series.season),
            ).fit(disp=False)
            peers["sarima"] = of_statsmodels(airline, series.values, series, origins)
    for name, (centre, spread) in peers.items():
        runs[name] = {
            **normal_scores(centre, spread, observed),
            "error": np.abs(centre - observed),
        }
    return {
        "title": series.title,
        "origins": len(origins),
        "horizon": series.horizon,
        "order": int(chosen.model.k_ar),
        "runs": {name: _summary(run, series.horizon) for name, run in runs.items()},
    }


def _summary(run: dict[str, Any], horizon: int) -> dict[str, Any]:
    """Returns mean scores: of the first step, of the last one, and of all."""
    crps = run["crps"]
    return {
        "crps_first": float(crps[:, 0].mean()),
        "crps_last": float(crps[:, horizon - 1].mean()),
        "crps": float(crps.mean()),
        "log_score": float(run["log_score"].mean()),
        "error": float(run["error"].mean()),
        **{name: run[name] for name in ("processor_seconds",) if name in run},
    }


def measure(
    names: list[str] | None,
    steps: int,
    save: Callable[[dict[str, Any]], None],
    every: int = 1,
) -> None:
    """Scores all forecasts of the series.

    Args:
      names: The series; None for all.
      steps: The number of training steps, about.
      save: Called with the results so far.
      every: Only so many origins apart, times those of a series.
    """
    results: dict[str, Any] = {}
    for name, series in read().items():
        if names is None or name in names:
            results[name] = scored(series, steps, every)
            print(f"{name}: {results[name]}", flush=True)
            save({"steps": steps, "draws": DRAWS, "series": results})


def lines(measured: dict[str, Any]) -> Iterator[str]:
    """Yields the lines of the page."""
    yield (
        f"Forecasts from every origin of the years held out, by the two models of [State-space "
        f"models](tutorials/state-space-models.md) after about {measured['steps']:,} steps of "
        f"training, one seed. The score is the CRPS in units of the series, less is better: of "
        f"{measured['draws']} draws of ours, and of the normal of the others; and the mean log "
        f"density of a normal with the forecast's mean and standard deviation, in nats, more is "
        f"better. Season and trend are taken out for ours and for the autoregression: monthly CO2 "
        f"is the change over twelve months, monthly temperatures are anomalies from the training "
        f"years' mean of the month. The order of the autoregression is chosen by AIC."
    )
    for series in measured["series"].values():
        yield ""
        yield (
            f"**{series['title']}**, {series['origins']} origins, autoregression of order "
            f"{series['order']}:"
        )
        yield ""
        yield (
            f"| forecast | CRPS, 1 step | CRPS, {series['horizon']} steps | CRPS, all | log score "
            f"| mean absolute error |"
        )
        yield "|---|---:|---:|---:|---:|---:|"
        for name, run in sorted(series["runs"].items(), key=lambda each: each[1]["crps"]):
            cells = [
                f"{run[score]:.3f}"
                for score in ("crps_first", "crps_last", "crps", "log_score", "error")
            ]
            yield f"| {TITLES[name]} | {' | '.join(cells)} |"
