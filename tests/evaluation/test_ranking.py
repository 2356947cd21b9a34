"""Recall@k and nDCG@k of held-out items, by hand and by going through all users."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfp_vae import evaluation

SCORES = [
    [9.0, 8.0, 7.0, 6.0, 5.0],
    [1.0, 2.0, 3.0, 4.0, 5.0],
    [0.0, 0.0, 0.0, 0.0, 0.0],
]
HELD_OUT = [
    [0, 1, 0, 1, 1],
    [1, 0, 0, 0, 0],
    [0, 0, 0, 0, 0],
]
SEEN = [
    [1, 0, 0, 0, 0],
    [0, 0, 0, 1, 1],
    [1, 0, 0, 0, 0],
]


def test_recall_and_gain_of_two_users_by_hand():
    """Without what is seen the orders are 1 2 3 4 and 2 1 0; a third user has nothing held out."""
    found = evaluation.ranking(SCORES, HELD_OUT, SEEN, k=[1, 3])
    assert found.users == 2
    np.testing.assert_allclose(found.recall, [0.5, (2 / 3 + 1.0) / 2])
    first = (1.0 + 0.5) / (1.0 + 1.0 / np.log2(3.0) + 0.5)
    np.testing.assert_allclose(found.ndcg, [0.5, (first + 0.5) / 2])
    np.testing.assert_allclose(found.recall_standard_error, [0.5, 1 / 6])
    assert "0.833 ± 0.167" in str(found)


def test_what_is_seen_counts_if_it_is_not_left_out():
    found = evaluation.ranking(SCORES[:1], HELD_OUT[:1], k=[2])
    np.testing.assert_allclose(found.recall, 0.5)
    np.testing.assert_allclose(found.ndcg, (1 / np.log2(3)) / (1 + 1 / np.log2(3)))
    assert np.isnan(found.recall_standard_error).all()


@given(st.integers(0, 2**31), st.integers(1, 6))
def test_they_are_those_of_a_loop_over_users(seed, k):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=[7, 6])
    kind = rng.integers(0, 3, size=[7, 6])
    kind[0, 0] = 1
    recall, ndcg = [], []
    for row, own in zip(scores, kind, strict=True):
        order = [item for item in np.argsort(-row) if own[item] != 2][:k]
        count = int((own == 1).sum())
        if not count:
            continue
        hits = [rank for rank, item in enumerate(order, 1) if own[item] == 1]
        recall.append(len(hits) / min(k, count))
        ideal = sum(1.0 / np.log2(rank + 1) for rank in range(1, min(k, count) + 1))
        ndcg.append(sum(1.0 / np.log2(rank + 1) for rank in hits) / ideal)
    found = evaluation.ranking(scores, kind == 1, kind == 2, [k])
    np.testing.assert_allclose(found.recall, np.mean(recall))
    np.testing.assert_allclose(found.ndcg, np.mean(ndcg))


def test_equal_scores_are_ranked_by_index():
    found = evaluation.ranking(np.zeros([1, 4]), [[0, 1, 0, 0]], k=[1, 2])
    assert found.recall.tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"scores": [1.0]}, ValueError, "`scores` must have shape"),
        ({"scores": [[np.nan] * 5] * 3}, ValueError, "`scores`"),
        ({"held_out": [[1, 0]]}, ValueError, "`held_out` must have the shape"),
        ({"held_out": np.zeros([3, 5])}, ValueError, "`held_out` must have an item"),
        ({"held_out": -np.ones([3, 5])}, ValueError, "`held_out` must hold numbers of at least 0"),
        ({"seen": HELD_OUT}, ValueError, "no item that is seen; got item 1 in row 0"),
        ({"k": [6]}, ValueError, "`k` must hold ints of at most 5"),
        ({"k": []}, ValueError, "`k` must hold ints"),
        ({"k": [0]}, ValueError, "`k` must be"),
        ({"k": 3}, TypeError, "`k` must be a list"),
    ],
)
def test_wrong_arguments_are_named(given, error, message):
    with pytest.raises(error, match=message):
        evaluation.ranking(
            **{"scores": SCORES, "held_out": HELD_OUT, "seen": SEEN, "k": [2]} | given
        )
