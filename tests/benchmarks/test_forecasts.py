"""Scores of forecasts, beside exact ones, and the series as they are forecast."""

import numpy as np
import pytest
from scipy import integrate, stats

pytest.importorskip("statsmodels")

from benchmarks import forecasts, report


def test_the_crps_of_a_normal_is_the_integral_that_defines_it():
    """∫ (F(x) - 1[x ≥ y])² dx; of 20,000 draws it has an error of about half a percent."""
    mean, stddev, observed = 1.0, 2.0, 2.5
    cdf = stats.norm(mean, stddev).cdf
    below = integrate.quad(lambda x: cdf(x) ** 2, -np.inf, observed)[0]
    above = integrate.quad(lambda x: (1.0 - cdf(x)) ** 2, observed, np.inf)[0]
    found = forecasts.normal_scores(*(np.full([1, 1], each) for each in (mean, stddev, observed)))
    np.testing.assert_allclose(found["crps"], [[below + above]], rtol=1e-6)
    np.testing.assert_allclose(found["log_score"], stats.norm(mean, stddev).logpdf([[observed]]))
    draws = np.random.default_rng(0).normal(mean, stddev, [20_000, 1, 1])
    drawn = forecasts.drawn_crps(draws, np.full([1, 1], observed))
    np.testing.assert_allclose(drawn, found["crps"], rtol=0.05)


@pytest.mark.parametrize("name", ["sunspots", "co2", "elnino"])
def test_no_forecast_looks_ahead(name):
    """Values from an origin on change neither simple forecasts nor what ours and AR are given."""
    series = forecasts.read()[name]
    origin = series.first_test + 7
    places = origin + np.arange(series.horizon)[None]
    values = series.values.copy()
    values[origin:] = 1e6
    blind = forecasts.Series(**{**vars(series), "values": values})
    for one, other in zip(
        forecasts.simple(series, places).values(),
        forecasts.simple(blind, places).values(),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(series.usual[places], blind.usual[places])
    known = slice(series.first_test)
    given, of_blind = ((each.values - each.usual)[known] for each in (series, blind))
    np.testing.assert_array_equal(given, of_blind)
    assert np.isfinite(series.values[series.first_test - series.season :]).all()
    windows = forecasts.windows(given, series.window, series.first_test)
    assert windows.shape[1:] == (series.window, 1)
    assert 0.0 < np.isnan(windows).mean() < 0.25


def test_the_page_has_a_row_for_every_forecast():
    run = {
        "crps_first": 0.1,
        "crps_last": 0.3,
        "crps": 0.2,
        "log_score": -1.0,
        "error": 0.4,
    }
    series = {"title": "a series", "origins": 5, "horizon": 10, "order": 9}
    series["runs"] = dict.fromkeys(forecasts.TITLES, run)
    measured = {"machine": "m", "steps": 2400, "draws": 400, "series": {"one": series}}
    page = report.render({"forecasts": measured})
    for title in forecasts.TITLES.values():
        assert f"| {title} | 0.100 | 0.300 | 0.200 | -1.000 | 0.400 |" in page


@pytest.mark.nightly
def test_all_forecasts_of_a_series_are_scored():
    saved = []
    forecasts.measure(["co2"], steps=20, save=saved.append, every=30)
    runs = saved[-1]["series"]["co2"]["runs"]
    assert runs.keys() == forecasts.TITLES.keys()
    for run in runs.values():
        assert 0.0 < run["crps"] < 5.0
        assert np.isfinite(run["log_score"])
