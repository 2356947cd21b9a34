"""One script for each peer, all with the same command line and the same JSON output.

Run one with the interpreter of the peer's environment, in the parent folder of `benchmarks`:
`python -m benchmarks.peers.torch_loop --data mnist.npz --batch-size 100 --epochs 5 --seed 0`.
"""
