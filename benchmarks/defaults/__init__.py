"""What `VAE.for_data` is worth on real data, beside simple baselines and peers."""
