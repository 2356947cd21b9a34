"""Multinomial logistic regression on probabilities, by L-BFGS."""

import numpy as np

_PENALTY = 1e-3
_STEPS = 500
_LEAST_SPREAD = 1e-6
"""Below this standard deviation, relative to the largest, a feature is a constant."""


def fitted_logits(features: np.ndarray, probs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fits logits that are linear in features to probabilities.

    Args:
      features: `[N, F]`.
      probs: `[N, K]`; each row adds up to 1.

    Returns:
      The kernel, `[F, K]`, and the bias, `[K]`, that minimise the mean cross-entropy, in nats, plus
      half of 0.001 times the squares of the kernel on standardised features.

    Raises:
      ImportError: If SciPy is not installed.
    """
    try:
        from scipy import optimize, special
    except ImportError as error:
        raise ImportError(
            "Categorical.initialize_from needs SciPy: pip install 'tfp-vae[sklearn]'."
        ) from error
    features, probs = np.asarray(features, np.float64), np.asarray(probs, np.float64)
    center, spread = features.mean(axis=0), features.std(axis=0)
    spread = np.where(spread > _LEAST_SPREAD * spread.max(initial=0.0), spread, np.inf)
    seen = (features - center) / spread
    shape = (features.shape[1] + 1, probs.shape[1])

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(shape)
        log_q = special.log_softmax(seen @ weights[:-1] + weights[-1], axis=1)
        residual = (np.exp(log_q) - probs) / len(seen)
        gradient = np.concatenate([seen.T @ residual, residual.sum(axis=0)[None]])
        gradient[:-1] += _PENALTY * weights[:-1]
        value = -np.sum(probs * log_q) / len(seen) + 0.5 * _PENALTY * np.sum(weights[:-1] ** 2)
        return value, gradient.ravel()

    found = optimize.minimize(
        loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS}
    )
    weights = found.x.reshape(shape)
    kernel = weights[:-1] / spread[:, None]
    return kernel, weights[-1] - center @ kernel
