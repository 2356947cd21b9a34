"""The terms of a loss: the KL divergence, the likelihood, and their weights."""
