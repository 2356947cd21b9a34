"""The agreement of clusters with classes: by hand, and against scikit-learn."""

import decimal
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from tfp_vae import evaluation

CLUSTERS = [0, 0, 0, 1, 1, 2, 2, 2, 2, 3]
LABELS = ["a", "a", "b", "b", "b", "c", "c", "c", "a", "c"]


def test_the_scores_of_ten_rows_by_hand():
    """Clusters 0, 1 and 2 are a, b and c: 2 + 2 + 3 of ten rows; cluster 3 is no class."""
    found = evaluation.clustering(CLUSTERS, LABELS)
    assert found.accuracy == 0.7
    assert found.standard_error == pytest.approx(np.sqrt(0.7 * 0.3 / 10))
    assert found.counts.tolist() == [[2, 1, 0], [0, 2, 0], [1, 0, 3], [0, 0, 1]]
    assert found.classes.tolist() == ["a", "b", "c"]
    assert found.adjusted_rand_index == metrics.adjusted_rand_score(LABELS, CLUSTERS)
    assert found.normalized_mutual_information == metrics.normalized_mutual_info_score(
        LABELS, CLUSTERS
    )


def test_probabilities_count_by_the_most_probable_cluster():
    probs = 0.2 * np.ones([10, 5]) + 0.1 * np.eye(5)[CLUSTERS]
    found = evaluation.clustering(probs, LABELS)
    assert found.accuracy == 0.7
    assert found.counts.shape == (5, 3)
    assert found.clusters_used == 4
    assert "4 of 5" in str(found)


@given(st.permutations(range(4)), st.permutations("abc"))
def test_names_of_clusters_and_classes_do_not_matter(clusters, labels):
    renamed = evaluation.clustering(
        np.array(clusters)[CLUSTERS], [labels["abc".index(label)] for label in LABELS]
    )
    plain = evaluation.clustering(CLUSTERS, LABELS)
    for name in ("accuracy", "adjusted_rand_index", "normalized_mutual_information"):
        assert getattr(renamed, name) == pytest.approx(getattr(plain, name))


def test_no_assignment_is_better():
    """All assignments of four clusters to three classes, one cluster left out."""
    found = evaluation.clustering(CLUSTERS, LABELS)
    counts = found.counts
    best = max(
        sum(counts[cluster, label] for label, cluster in enumerate(chosen))
        for chosen in itertools.permutations(range(4), 3)
    )
    assert found.accuracy == best / 10


@pytest.mark.parametrize(
    ("clusters", "labels", "error", "message"),
    [
        ([], [], ValueError, r"`clusters` must have shape \[N, K\].* got shape \[0\]"),
        (np.zeros([2, 2, 2]), [0, 1], ValueError, r"got shape \[2, 2, 2\]"),
        ([0, np.nan], [0, 1], ValueError, "`clusters` must"),
        ([0, -1], [0, 1], ValueError, "whole numbers of at least 0; got -1"),
        ([0, 0.5], [0, 1], ValueError, "whole numbers of at least 0; got 0.5"),
        (["a", "b"], [0, 1], TypeError, "`clusters`"),
        ([0, 1], [0, 1, 2], ValueError, r"`labels` must have shape \[2\].* got shape \[3\]"),
        ([0, 1], [0.0, np.nan], ValueError, "got nan in row 1"),
        ([0, 1], [0.0, np.inf], ValueError, "got inf in row 1"),
        ([0, 1], [[2], []], TypeError, "`labels` must be numbers or words"),
        ([0, 1], [{}, {}], TypeError, "`labels` must hold numbers or words; got a dict"),
        ([0, 1], [None, "a"], ValueError, "got None in row 0"),
    ],
)
def test_what_does_not_fit_is_named(clusters, labels, error, message):
    with pytest.raises(error, match=message):
        evaluation.clustering(clusters, labels)


def test_labels_of_python_objects_are_their_values():
    plain = evaluation.clustering(CLUSTERS, list(range(5)) * 2)
    decimals = np.array([decimal.Decimal(each) for each in list(range(5)) * 2])
    np.testing.assert_array_equal(evaluation.clustering(CLUSTERS, decimals).counts, plain.counts)
    words = np.array(LABELS, dtype=object)
    assert evaluation.clustering(CLUSTERS, words).classes.tolist() == ["a", "b", "c"]
