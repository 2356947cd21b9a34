"""The likelihood of each column by held-out evidence given the other columns."""

import numpy as np
import pytest

import tfp_vae
from tfp_vae import likelihoods
from tfp_vae.likelihoods import Candidate

ROWS = 400


def _candidates(*families):
    return [Candidate(each.__name__, each, "") for each in families]


REAL = _candidates(likelihoods.Normal, likelihoods.StudentT, likelihoods.Gamma)
COUNTS = _candidates(likelihoods.Poisson, likelihoods.NegativeBinomial)


def test_every_column_gets_the_family_that_it_was_drawn_from():
    random = np.random.default_rng(0)
    z = random.normal(size=ROWS)
    x = np.stack(
        [
            170.0 + 9.0 * (z + random.normal(size=ROWS)),
            50.0 + z + random.standard_t(2.0, size=ROWS).clip(-40.0, 40.0),
            random.gamma(1.0, np.exp(z)),
            random.poisson(4.0, size=ROWS),
            random.negative_binomial(1.0, 0.1, size=ROWS),
            z > 0.0,
        ],
        axis=1,
    )
    binary = _candidates(likelihoods.Bernoulli)
    found = likelihoods.suggest_columns(x, [REAL, REAL, REAL, COUNTS, COUNTS, binary])
    first = {}
    for each in found.table:
        first.setdefault(each.columns, each.name)
    assert first == {
        (0,): "Normal",
        (1,): "StudentT",
        (2,): "Gamma",
        (3,): "Poisson",
        (4,): "NegativeBinomial",
        (5,): "Bernoulli",
    }
    assert len(found.table) == 14
    assert found.table[-1].nats is None
    assert sorted(found.likelihood.columns) == [[0], [1], [2], [3], [4], [5]]
    assert found.compared


def test_a_column_that_follows_from_the_others_does_not_spoil_their_scores():
    random = np.random.default_rng(0)
    kinds = random.integers(0, 3, ROWS)
    same = np.stack([kinds, kinds, random.normal(size=ROWS)], axis=1)
    classes = [Candidate("Categorical", lambda shape: likelihoods.Categorical(shape, 3), "")]
    found = likelihoods.suggest_columns(same, [classes, classes, REAL[:2]])
    entropy = 0.5 * np.log(2.0 * np.pi * np.e)
    assert found.table[2].nats == pytest.approx(-entropy, abs=0.2)
    assert found.likelihood.columns == [[0, 1], [2]]


def test_few_rows_get_the_first_candidate():
    x = np.random.default_rng(0).gamma(1.0, size=[20, 1])
    found = likelihoods.suggest_columns(x, [REAL])
    assert isinstance(found.likelihood.parts[0], likelihoods.Normal)
    assert not found.compared


@pytest.mark.parametrize("choices", [[REAL], [REAL, []]])
def test_a_column_without_candidates_is_refused(choices):
    with pytest.raises(ValueError, match="`choices` must have one list of candidates for each"):
        likelihoods.suggest_columns(np.eye(2), choices)


def test_a_product_with_levels_and_class_codes_begins_at_its_columns():
    x = np.stack([np.arange(60.0) % 5, np.arange(60.0) % 3, np.arange(60.0)], axis=1)
    parts = [
        ([0], likelihoods.DiscretizedLogistic([1], levels=5)),
        ([1], likelihoods.Categorical([1], 3)),
        ([2], likelihoods.Normal([1], scale="per_value")),
    ]
    vae = tfp_vae.VAE.for_data(x, latent_size=2, likelihood=likelihoods.Product(parts))
    vae.adapt(x)
    assert np.isfinite(vae.elbo(x, seed=0).elbo).all()
