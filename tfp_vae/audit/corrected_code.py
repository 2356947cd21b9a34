"""Writes the code that computes the right loss: by hand, and with distribution objects."""

from tfp_vae.audit.references import LOG_VARIANCE, UNIT_SCALE, Reading

_LOG_LIKELIHOOD = {
    ("bernoulli", "probs"): "tfd.Bernoulli(probs=tf.clip_by_value(d, 1e-6, 1.0 - 1e-6))",
    ("bernoulli", "mean"): "tfd.Bernoulli(probs=tf.clip_by_value(d, 1e-6, 1.0 - 1e-6))",
    ("bernoulli", "logits"): "tfd.Bernoulli(logits=d)",
    (
        "continuous_bernoulli",
        "probs",
    ): "tfd.ContinuousBernoulli(probs=tf.clip_by_value(d, 1e-6, 1.0 - 1e-6))",
    ("continuous_bernoulli", "logits"): "tfd.ContinuousBernoulli(logits=d)",
    ("normal", "mean"): "tfd.Normal(d, 1.0)",
    ("normal", "probs"): "tfd.Normal(d, 1.0)",
}
_CLASSES = {
    "bernoulli": "Bernoulli",
    "continuous_bernoulli": "ContinuousBernoulli",
    "normal": "Normal",
}


def corrected_sampler_line(reading: Reading | None) -> str:
    """The line of code that draws z under a reading of the second encoder output."""
    code = (reading or LOG_VARIANCE).scale_code
    return f"z = mean + {code} * tf.random.normal(tf.shape(mean))"


def corrected_loss_code(
    likelihood: str,
    decoder_output: str,
    event_rank: int,
    reading: Reading | None,
    expected_kl_weight: float,
    encoder_output_count: int,
) -> str:
    """Writes the negative ELBO as a function of (x, d, mean, s), in TensorFlow.

    Args:
        likelihood: The declared likelihood.
        decoder_output: How the decoder's output is read.
        event_rank: The number of axes of one example.
        reading: How the second encoder output is read; the log-variance if None.
        expected_kl_weight: The KL's weight.
        encoder_output_count: How many outputs the encoder has.
    """
    if reading is None:
        reading = UNIT_SCALE if encoder_output_count == 1 else LOG_VARIANCE
    arguments = "x, d, mean" if encoder_output_count == 1 else "x, d, mean, s"
    weight = "" if expected_kl_weight == 1.0 else f"{expected_kl_weight!r} * "
    axes = ", ".join(str(-axis) for axis in range(event_rank, 0, -1))
    axis = f"[{axes}]" if event_rank > 1 else axes
    distribution = _LOG_LIKELIHOOD[likelihood, decoder_output]
    return (
        f"def loss({arguments}):\n"
        f"    likelihood = {distribution}\n"
        f"    log_likelihood = tf.reduce_sum(likelihood.log_prob(x), axis={axis})\n"
        f"    kl_divergence = {reading.kl_code}\n"
        f"    return tf.reduce_mean(-log_likelihood + {weight}kl_divergence)"
    )


def distribution_object_code(
    likelihood: str,
    event_shape: tuple[int, ...],
    latent_size: int,
    expected_kl_weight: float,
) -> str:
    """Writes the model in which these mistakes cannot be made."""
    names = ["likelihoods", "networks", "posteriors"]
    objective = ""
    if expected_kl_weight != 1.0:
        names.insert(2, "objectives")
        objective = f"    objective=objectives.ELBO(kl_weight={expected_kl_weight!r}),\n"
    return (
        "import tfp_vae\n"
        f"from tfp_vae import {', '.join(names)}\n\n"
        "vae = tfp_vae.VAE(\n"
        "    encoder=tfp_vae.Encoder(networks.mlp([200, 200]),\n"
        "                            posteriors.MultivariateNormalDiag("
        f"latent_size={latent_size})),\n"
        "    decoder=tfp_vae.Decoder(networks.mlp([200, 200]),\n"
        f"                            likelihoods.{_CLASSES[likelihood]}"
        f"(event_shape={list(event_shape)})),\n"
        f"{objective}"
        ")"
    )
