"""Disentanglement scores: functions of latents `[N, L]` and codes of known factors `[N, F]`."""
