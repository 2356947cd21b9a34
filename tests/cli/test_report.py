"""The parts of the report of `evaluate`."""

import re
from functools import partial

import numpy as np
import pandas as pd
import pytest

from tests.support.small_models import BINARY, small_vae
from tfp_vae import VAE, Decoder, Encoder, evaluation, likelihoods, networks, posteriors, priors
from tfp_vae.evaluation import MarginalLikelihood
from tfp_vae_cli.actions.inputs import Dataset
from tfp_vae_cli.actions.report import explorable
from tfp_vae_cli.actions.report.model_card import model_card
from tfp_vae_cli.actions.report.page import Section, page
from tfp_vae_cli.actions.report.row_pictures import RowPictures
from tfp_vae_cli.actions.report.sections import sections
from tfp_vae_cli.actions.report.text_tables import blocks
from tfp_vae_cli.actions.report.worst_rows import worst_rows

ALIGNED = """\
300 rows
mean squared error    0.073 ± 0.001
  of which bias               0.010
variance explained             0.0%

latent      KL (nats)  active
0       0.123 ± 0.006     yes
10              0.100      no

               nats
information   0.334

All is well."""


def test_aligned_columns_become_tables_and_sentences_paragraphs():
    text = blocks(ALIGNED)
    assert text.count("<table>") == 3
    assert text.startswith("<p>300 rows</p>\n")
    assert text.endswith("<p>All is well.</p>\n")
    for row in (
        '<th scope="row">mean squared error</th><td>0.073 ± 0.001</td>',
        '<th scope="row">of which bias</th><td>0.010</td>',
        '<th scope="col">latent</th><th scope="col">KL (nats)</th><th scope="col">active</th>',
        '<th scope="row">10</th><td>0.100</td><td>no</td>',
        '<th scope="col"></th><th scope="col">nats</th>',
    ):
        assert row in text


def test_sentences_below_each_other_are_a_paragraph_and_no_table():
    assert blocks("precision: <a>.\nrecall: b.") == "<p>precision: &lt;a&gt;.<br>recall: b.</p>\n"


def test_a_legend_does_not_lie_over_curves_or_points():
    terms = ("elbo", "log_likelihood", "kl_divergence")
    history = {f"{part}{term}": [1.0, 2.0] for part in ("", "val_") for term in terms}
    vae = small_vae()
    curve = explorable.curves(history)[0]
    (points,) = explorable.latent_map(vae, BINARY, np.arange(23) % 3, RowPictures(vae, BINARY))
    for plot, place in ((curve, "below"), (points, "right")):
        (legend,) = plot.legend
        assert legend in getattr(plot, place)
        assert legend not in plot.center


def test_names_in_a_report_are_text():
    text = page("<b>x</b>", [("a&b", "<i>")], [Section("<u>", "<pre>", "<p>")])
    assert "&lt;b&gt;x&lt;/b&gt;" in text
    for tag in ("<b>", "<i>", "<u>"):
        assert tag not in text


def test_verdicts_come_first():
    text = page(
        "Title", [("rows", "3")], [Section("A", "text"), Section("B", verdict="It is <b>.")]
    )
    assert text.index("It is &lt;b&gt;.") < text.index("<dt>rows</dt>") < text.index("<h2>A</h2>")
    assert "verdicts" not in re.sub(
        "<style>.*</style>", "", page("T", [], [Section("A")]), flags=re.S
    )


def test_a_row_that_is_an_image_is_a_picture_and_another_its_values():
    images = np.random.default_rng(0).uniform(size=[3, 5, 4, 1])
    vae = small_vae(
        likelihoods.Normal([5, 4, 1]),
        encoder_trunk=networks.mlp([3]),
        decoder_trunk=networks.mlp([3]),
    )
    shown = RowPictures(vae, images).html_of(images, "a <row>")
    assert len(set(shown)) == 3
    assert all('src="data:image/png;base64,' in each for each in shown)
    assert 'alt="a &lt;row&gt;"' in shown[0]
    assert RowPictures(small_vae(), BINARY).html_of([[0, 1, 0.25, 1]], "row") == [
        '<span class="values">[0]&nbsp;0<br>[1]&nbsp;1<br>[2]&nbsp;0.25<br>[3]&nbsp;1</span>'
    ]


def test_a_row_of_a_table_is_shown_in_its_own_words_and_blanks():
    frame = pd.DataFrame({"sex": ["f", "m", None, "f"] * 5, "age": [31.5, np.nan, 44.0, 20.25] * 5})
    vae = VAE.for_data(frame, latent_size=2, verbose=0)
    x = vae.schema.encode(frame)
    assert RowPictures(vae, x).html_of(x[:3], "row") == [
        '<span class="values">sex&nbsp;f<br>age&nbsp;31.5</span>',
        '<span class="values">sex&nbsp;m<br>age&nbsp;(blank)</span>',
        '<span class="values">sex&nbsp;(blank)<br>age&nbsp;44</span>',
    ]


def test_without_an_active_latent_there_are_no_sliders_and_it_is_said():
    vae = small_vae()
    vae.encoder.posterior.set_weights([0.0 * w for w in vae.encoder.posterior.get_weights()])
    contents = sections(vae, Dataset("rows", BINARY, None), None, seed=0)
    with pytest.raises(ValueError, match="no latent is active"):
        contents["moved latents"]()


def test_of_one_row_nothing_is_said_of_the_use_of_latents():
    contents = sections(small_vae(), Dataset("rows", BINARY[:1], None), None, seed=0)
    with pytest.raises(ValueError, match="two rows to tell which latents are used; there is one"):
        contents["moved latents"]()


def test_a_model_with_codes_has_a_section_on_their_use():
    vae = VAE(
        Encoder(networks.mlp([4]), posteriors.VectorQuantized(4, 1, 2)),
        Decoder(networks.mlp([4]), likelihoods.Bernoulli([4])),
        prior=priors.VectorQuantized(4, 2),
    )
    contents = sections(vae, Dataset("rows", BINARY, None), None, seed=0)
    found = contents["codes in use"]()
    assert found.title == "Codes in use, 23 of 23 rows"
    assert "of 4" in found.text
    assert "codes in use" not in sections(small_vae(), Dataset("rows", BINARY, None), None, seed=0)


def blanked(rows, blanks):
    """A small model of real rows, and the rows with blanks in the first ones."""
    vae = small_vae(likelihoods.Normal([4]), missing_values=np.nan, encoder_trunk=networks.mlp([3]))
    x = np.random.default_rng(0).normal(size=[rows, 4]).astype("float32")
    x[:blanks, 1] = np.nan
    return sections(vae, Dataset("rows", x, None), None, seed=0)


def test_draws_are_compared_with_the_rows_without_blanks():
    found = blanked(30, 10)["draws beside rows"]()
    assert found.title == "Draws beside the rows, 20 of 30 rows"
    assert found.verdict.endswith(" Compared are the 20 rows without blanks.")
    assert "only the 20 of 30 rows without any are compared" in found.remark
    with pytest.raises(ValueError, match="it takes 20 rows without blanks, and there are 19"):
        blanked(30, 11)["draws beside rows"]()
    whole = blanked(20, 0)["draws beside rows"]()
    assert whole.remark == ""
    assert "blanks" not in whole.verdict


def test_rows_with_few_samples_that_count_are_numbered_without_names_of_arguments(monkeypatch):
    estimate = partial(MarginalLikelihood, np.zeros(23), np.zeros(23), event_size=4)
    sizes = np.full(23, 10.0)
    sizes[:2] = 9.9, np.nan
    contents = sections(small_vae(), Dataset("rows", BINARY, None), None, seed=0)
    for size, remark in ((sizes, "For 2 of 23 rows, fewer than 10 of the 500 samples"), (10.0, "")):
        given = estimate(effective_sample_size=np.broadcast_to(size, [23]))
        monkeypatch.setattr(
            evaluation, "log_marginal_likelihood", lambda *_, given=given, **__: given
        )
        found = contents["log p(x)"]()
        assert found.remark.startswith(remark)
        assert bool(found.remark) == bool(remark)


def test_rows_are_listed_from_the_lowest_bound():
    vae = small_vae()
    text = worst_rows(vae, BINARY, np.arange(100, 123), RowPictures(vae, BINARY), seed=0)
    found = re.findall(r'<th scope="row">(\d+|…)</th>.*<td>(-?[\d.]*)</td></tr>', text)
    assert [number for number, _ in found].index("…") == 12
    bounds = [float(bound) for number, bound in found if number != "…"]
    assert bounds == sorted(bounds)
    assert len(bounds) == 15
    every = vae.elbo(BINARY, 10, seed=0).elbo.numpy()
    assert bounds[0] == pytest.approx(every.min(), abs=0.5)


def test_the_latents_that_vary_get_sliders_over_the_values_they_have():
    vae = small_vae()
    means = np.random.default_rng(0).normal(size=[50, 2]).astype("float32")
    means[:, 1] = 0.5
    models = explorable.moved_latents(vae, means, [0, 1], RowPictures(vae, BINARY))
    ((slider, shown),) = [model.children for model in models]
    assert slider.title == "latent 0"
    assert slider.start == pytest.approx(np.percentile(means[:, 0], 1.0), abs=1e-5)
    assert slider.end == pytest.approx(np.percentile(means[:, 0], 99.0), abs=1e-5)
    frames = slider.js_property_callbacks["change:value"][0].args["frames"]
    assert shown.text == frames[7]
    z = means.mean(axis=0)[None].copy()
    z[0, 0] = slider.end
    assert frames[-1] == RowPictures(vae, BINARY).html_of(vae.decode(z), "row")[0]


@pytest.mark.parametrize("latents", [1, 2, 3])
def test_a_map_has_a_point_for_every_row(latents):
    vae = small_vae(latent_size=latents)
    labels = np.arange(23) % 3
    (plot,) = explorable.latent_map(vae, BINARY, labels, RowPictures(vae, BINARY))
    data = plot.renderers[0].data_source.data
    assert len(data["first"]) == len(data["second"]) == len(data["data"]) == 23
    assert len(set(data["colour"])) == 3
    if latents == 2:
        np.testing.assert_allclose(
            np.stack([data["first"], data["second"]], axis=1), vae.encode(BINARY), rtol=1e-5
        )


def test_a_model_card_is_a_table_in_markdown():
    text = model_card("T", "vae.keras", [("data", "a|b\nc")], [("ELBO", "-1")], ["Fine."])
    assert "| data | a\\|b c |" in text
    assert "| ELBO | -1 |" in text
    assert "- Fine." in text
