"""Our evaluation by importance sampling, and the upper limit of its speed by matrix products."""

import importlib.util
import time

import numpy as np

MISSING = "This version of tfp_vae has no `evaluation.log_marginal_likelihood` to measure."


def has_log_marginal_likelihood() -> bool:
    """Returns whether this version has the function to measure."""
    if importlib.util.find_spec("tfp_vae.evaluation") is None:
        return False
    from tfp_vae import evaluation

    return hasattr(evaluation, "log_marginal_likelihood")


def rows_per_second(vae, x: np.ndarray, sample_size: int) -> tuple[float, np.ndarray]:
    """Evaluates rows once to compile and once timed; returns speed and estimates."""
    from tfp_vae import evaluation

    evaluation.log_marginal_likelihood(vae, x, importance_sample_size=sample_size, seed=0)
    begun = time.perf_counter()
    result = evaluation.log_marginal_likelihood(vae, x, importance_sample_size=sample_size, seed=1)
    estimate = np.asarray(result.estimate)
    return len(x) / (time.perf_counter() - begun), estimate


def products_alone(vae, rows: int, sample_size: int) -> float:
    """Returns the rows/s of the decoder's matrix products: no bias, no activation, no noise.

    One compiled loop, at the fastest of three numbers of latents at once.
    """
    import tensorflow as tf

    kernels = [variable.value for variable in vae.decoder.trainable_variables[::2]]

    def speed(chunk: int) -> float:
        repeats = rows * sample_size // chunk
        latents = tf.random.normal([chunk + 64, kernels[0].shape[0]])

        @tf.function(jit_compile=True)
        def loop(latents):
            def body(i, _):
                features = tf.slice(latents, [i % 64, 0], [chunk, latents.shape[1]])
                for kernel in kernels:
                    features = tf.matmul(features, kernel)
                return i + 1, features

            first = tf.zeros([chunk, kernels[-1].shape[1]])
            return tf.while_loop(lambda i, _: i < repeats, body, [0, first])[1]

        loop(latents)
        begun = time.perf_counter()
        loop(latents).numpy()
        return repeats * chunk / sample_size / (time.perf_counter() - begun)

    return max(speed(chunk) for chunk in (250, 1000, 5000) if chunk <= rows * sample_size)
