"""The section on the training of more networks."""

from typing import Any

from benchmarks.speed_ratios import range_of, verdict

PEERS = {
    "PyTorch, by hand": "with a plain loop in PyTorch (`benchmarks/by_hand_torch.py`), its threads "
    "waiting asleep",
    "JAX, jitted": "with a compiled epoch in JAX (`benchmarks/by_hand_jax.py`), or for images a "
    "compiled step, which is faster",
}
"""What the section says of the rows of other frameworks, where it has some."""


def section(measured: dict[str, Any]) -> list[str]:
    names = {row["model"] for row in measured["rows"]}
    peers = "".join(f", and {said}" for name, said in PEERS.items() if name in names)
    epochs = sorted({row["epochs"] for row in measured["rows"]})
    lines = [
        "The same network by `fit` of tfp_vae and by `fit` of a Keras model whose `train_step` has "
        "the loss by hand (`benchmarks/by_hand.py`), compiled with `jit_compile=True` and `False`"
        f"{peers}; ours is compiled as by default. 1,000 drawn discs in batches of 100, epochs in "
        "turn after one that compiles; the last columns are ratios of our speed to theirs, and of "
        "their processor time to ours, over all threads. Other work ran on the machine, which the "
        "processor time is least affected by. The loss is that of epoch "
        f"{' or '.join(map(str, epochs))}, in nats, from weights and with noise that differ; an "
        "epoch has 10 steps.",
        "",
        "| network | weights | | rows/s | range | loss | tfp_vae against it | range "
        "| processor time |",
        "|---|---:|---|---:|---:|---:|---|---:|---:|",
    ]
    for row in measured["rows"]:
        speed, standing = row["rows_per_second"], ["", "", ""]
        if row["model"] != "tfp_vae":
            standing = [verdict(row["ratio"]["median"], None), range_of(row["ratio"], 2)]
            standing.append(f"{row['processor_ratio']:.2f}")
        lines.append(
            f"| {row['kind']} | {row['weights']:,} | {row['model']} | {speed['median']:,.0f} | "
            f"{range_of(speed)} | {row['loss']:.1f} | {' | '.join(standing)} |"
        )
    return lines
