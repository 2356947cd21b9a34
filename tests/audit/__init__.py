import tfp_vae  # noqa: F401 - imports TensorFlow Probability without its notices
