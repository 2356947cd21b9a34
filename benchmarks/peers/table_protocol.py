"""The command line and the output of methods that are compared on tables; needs pandas alone."""

import argparse
import importlib.metadata
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Task:
    """What a method is given; columns of int64 and float64 hold numbers, others words.

    Attributes:
      train: The rows to train on, without blanks.
      blanked: Held-out rows with blanks, NaN.
      scored: Rows to say how strange they are, without blanks.
    """

    train: pd.DataFrame
    blanked: pd.DataFrame
    scored: pd.DataFrame


Answer = Callable[[Any, Task], Any]
"""A function of a fitted model: "draws" and "filled" return a frame, "strangeness" an array."""


@dataclass(frozen=True)
class Method:
    """What is run.

    Attributes:
      fit: Returns a model that is fitted to the training rows of a frame.
      answers: By their names, "draws" of as many rows as were trained on, "filled", the held-out
        rows without blanks, and "strangeness", higher for stranger rows, `[N]`.
    """

    fit: Callable[[pd.DataFrame], Any]
    answers: Mapping[str, Answer]


def write(file: Path, **frames: Any) -> None:
    """Writes frames and arrays to an .npz; words become text, and blanks of them no text."""
    arrays: dict[str, np.ndarray] = {}
    for name, value in frames.items():
        if not isinstance(value, pd.DataFrame):
            arrays[name] = np.asarray(value)
            continue
        arrays[f"{name} columns"] = np.array([str(each) for each in value.columns])
        for place, (_, column) in enumerate(value.items()):
            if pd.api.types.is_numeric_dtype(column.dtype):
                arrays[f"{name} {place}"] = column.to_numpy()
            else:
                words = column.astype(object)
                arrays[f"{name} {place}"] = words.where(words.notna(), "").to_numpy().astype(str)
    np.savez(file, **arrays)


def read(file: Path) -> dict[str, Any]:
    """Returns the frames and arrays that `write` wrote, by name."""
    with np.load(file) as stored:
        arrays = {name: stored[name] for name in stored.files}
    found: dict[str, Any] = {}
    for key, columns in arrays.items():
        name = key.removesuffix(" columns")
        if name == key:
            continue
        frame = pd.DataFrame(
            {column: arrays[f"{name} {place}"] for place, column in enumerate(columns.tolist())}
        )
        words = frame.select_dtypes(exclude="number").columns
        frame[words] = frame[words].astype(object).replace("", np.nan)
        found[name] = frame
    alone = {key: value for key, value in arrays.items() if key.split(" ")[0] not in found}
    return found | alone


def main(methods: Mapping[str, Method], packages: Sequence[str]) -> None:
    """Reads a task, fits a method, writes its answers, and prints one line of JSON, the last.

    Args:
      methods: The methods of the script, by name.
      packages: The distributions whose versions matter.
    """
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--method", required=True, choices=list(methods))
    parser.add_argument("--data", required=True, type=Path, help="an .npz of a `Task`")
    parser.add_argument("--answer", required=True, type=Path, help="the .npz of answers to write")
    arguments = parser.parse_args()
    method, task = methods[arguments.method], Task(**read(arguments.data))
    begun = time.process_time()
    model = method.fit(task.train)
    seconds = {"fit": time.process_time() - begun}
    found = {}
    for name, answer in method.answers.items():
        begun = time.process_time()
        found[name] = answer(model, task)
        seconds[name] = time.process_time() - begun
    write(arguments.answer, **found)
    versions = {name: importlib.metadata.version(name) for name in packages}
    print()
    print(json.dumps({"seconds": seconds, "versions": versions}))
