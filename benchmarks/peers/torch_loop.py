"""PyTorch: the usual hand-written loop, with an explicit loss.

Batches are taken from one permutation of a tensor in memory, not from a `DataLoader`, which would
collate row by row and slow PyTorch down.
"""

import torch
from torch.nn import functional

from benchmarks.peers import architecture, protocol, torch_modules


def train(run: protocol.Run) -> architecture.Weights:
    torch_modules.begin(run.seed)
    encoder = torch_modules.Encoder(run.x.shape[1])
    decoder = torch_modules.Decoder(run.x.shape[1])
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=architecture.LEARNING_RATE)
    x = torch.from_numpy(run.x)
    whole_batches = len(x) // run.batch_size * run.batch_size

    for _ in range(run.epochs):
        run.epoch_begins()
        total = 0.0
        for rows in torch.randperm(len(x))[:whole_batches].split(run.batch_size):
            batch = x[rows]
            optimizer.zero_grad()
            loc, scale = encoder(batch)
            z = loc + scale * torch.randn_like(scale)
            cross_entropy = functional.binary_cross_entropy_with_logits(
                decoder(z), batch, reduction="sum"
            )
            kl_divergence = 0.5 * torch.sum(loc**2 + scale**2 - 1 - 2 * torch.log(scale))
            loss = (cross_entropy + kl_divergence) / run.batch_size
            loss.backward()
            optimizer.step()
            total += loss.item()
        run.epoch_ends(total * run.batch_size / whole_batches)
    return torch_modules.weights_of(encoder, decoder)


if __name__ == "__main__":
    protocol.main(train, ["torch"])
