"""One script a peer, all with the same command line and the same JSON at the end.

Run one by hand with the interpreter of the peer's environment, in the folder above `benchmarks`:
`python -m benchmarks.peers.torch_loop --data mnist.npz --batch-size 100 --epochs 5 --seed 0`.
"""
