"""Trains the networks of `benchmarks.by_hand_torch` by the usual loop, an epoch at a time.

Batches are taken from a permutation of a tensor in memory, not from a `DataLoader`, which would
collate row by row. Images lie in memory channels last and Adam is fused, which is faster.
"""

import os

# OpenMP's threads wait for one another asleep, unless the environment says otherwise:
# where another process takes a core, threads that spin make a step up to ten times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from benchmarks import by_hand_torch
from benchmarks.environments import THREADS

VERSION = torch.__version__
KINDS = by_hand_torch.KINDS


def model(kind: str) -> nn.Module:
    """Makes the model of a kind, its first weights distributed as those of Keras."""
    made = KINDS[kind]()
    made.apply(_initialize)
    return made.to(memory_format=torch.channels_last)


def as_rows(x: np.ndarray) -> torch.Tensor:
    """Returns rows as PyTorch has them: the axis of channels before height and width."""
    rows = torch.from_numpy(x)
    if x.ndim < 4:
        return rows
    return rows.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


def epochs(kind: str, x: np.ndarray, batch_size: int) -> tuple[Callable[[], float], int]:
    """Makes a model of a kind, and what trains it.

    Args:
      kind: One of `KINDS`.
      x: The rows, channels last.
      batch_size: A divisor of their number.

    Returns:
      A function that trains for an epoch and returns its mean loss, in nats, and the number of
      trainable weights.
    """
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    trained = model(kind)
    # The epsilon of Keras.
    optimizer = torch.optim.Adam(trained.parameters(), lr=1e-3, eps=1e-7, fused=True)
    rows = as_rows(x)

    def epoch() -> float:
        total = 0.0
        for batch in torch.randperm(len(rows)).split(batch_size):
            optimizer.zero_grad()
            loss = trained(rows[batch]).mean()
            loss.backward()
            optimizer.step()
            total += loss.item()
        return total * batch_size / len(rows)

    return epoch, sum(each.numel() for each in trained.parameters())


def _initialize(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.GRU):
        nn.init.xavier_uniform_(module.weight_ih_l0)
        nn.init.orthogonal_(module.weight_hh_l0)
        nn.init.zeros_(module.bias_ih_l0)
        nn.init.zeros_(module.bias_hh_l0)
    elif isinstance(module, by_hand_torch.Made):
        # After the layers inside, of which the last begins with zeros.
        nn.init.zeros_(module.layers[-1].inputs.weight)
        nn.init.zeros_(module.layers[-1].context.weight)
