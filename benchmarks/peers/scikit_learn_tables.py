"""IterativeImputer, KNNImputer and IsolationForest of scikit-learn, with their defaults.

They take numbers alone: numbers are given in units of their standard deviations, as distances need,
and a word as an indicator of each category, all of them blank where it is. The category imputed is
that of the largest indicator.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer

from benchmarks.peers import table_protocol
from benchmarks.peers.table_protocol import Method, Task


@dataclass(frozen=True)
class Coding:
    """The numbers of a frame.

    Attributes:
      loc: The means of the columns of numbers, by name; of columns that are not in it words are
        indicated.
      scale: The standard deviations of the same.
      categories: The categories of the other columns, by name.
    """

    loc: dict[str, float]
    scale: dict[str, float]
    categories: dict[str, np.ndarray]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Self:
        """Learns it from the training rows."""
        numbers = frame.select_dtypes("number")
        words = frame.drop(columns=numbers.columns)
        scale = {name: float(numbers[name].std(ddof=0)) or 1.0 for name in numbers}
        categories = {name: np.unique(words[name].to_numpy(str)) for name in words}
        return cls({name: float(numbers[name].mean()) for name in numbers}, scale, categories)

    def encode(self, frame: pd.DataFrame) -> np.ndarray:
        """Returns numbers, `[N, coded]`."""
        blocks = []
        for name in frame:
            if name in self.loc:
                blocks.append(
                    (frame[[name]].to_numpy(np.float64) - self.loc[name]) / self.scale[name]
                )
            else:
                words = frame[name].to_numpy(object)[:, None]
                block = (words == self.categories[name]).astype(np.float64)
                blocks.append(np.where(frame[[name]].isna(), np.nan, block))
        return np.concatenate(blocks, axis=1)

    def decode(self, codes: np.ndarray, frame: pd.DataFrame) -> pd.DataFrame:
        """Returns a frame of codes, with the columns of another."""
        found, start = {}, 0
        for name in frame:
            width = 1 if name in self.loc else len(self.categories[name])
            block = codes[:, start : start + width]
            if name in self.loc:
                found[name] = block[:, 0] * self.scale[name] + self.loc[name]
            else:
                found[name] = self.categories[name][block.argmax(axis=1)]
            start += width
        return pd.DataFrame(found, index=frame.index)


def _fitted(estimator: Any, train: pd.DataFrame) -> tuple[Coding, Any]:
    coding = Coding.of(train)
    return coding, estimator.fit(coding.encode(train))


def _filled(model: tuple[Coding, Any], task: Task) -> pd.DataFrame:
    coding, imputer = model
    return coding.decode(imputer.transform(coding.encode(task.blanked)), task.blanked)


def _strangeness(model: tuple[Coding, Any], task: Task) -> np.ndarray:
    coding, forest = model
    return -forest.score_samples(coding.encode(task.scored))


METHODS = {
    "IterativeImputer": Method(
        lambda train: _fitted(IterativeImputer(random_state=0), train), {"filled": _filled}
    ),
    "KNNImputer": Method(lambda train: _fitted(KNNImputer(), train), {"filled": _filled}),
    "IsolationForest": Method(
        lambda train: _fitted(IsolationForest(random_state=0), train),
        {"strangeness": _strangeness},
    ),
}

if __name__ == "__main__":
    table_protocol.main(METHODS, ["scikit-learn"])
