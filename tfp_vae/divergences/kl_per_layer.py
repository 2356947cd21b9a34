"""The KL divergence of several layers or steps of latents, one by one."""

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import seeds
from tfp_vae.distributions import LatentChain, MultivariateNormalDiag, RecurrentNormal
from tfp_vae.divergences.arguments import as_draws, check_distributions
from tfp_vae.divergences.kl import exact_kl_divergence, sampled_kl_divergence


def kl_divergence_per_layer(
    posterior: tfd.Distribution, prior: tfd.Distribution, z: tf.Tensor
) -> tf.Tensor:
    """Estimates what every layer of latents adds to KL(q‖p), in nats, `[layers, B]`.

    If q is drawn from the top down, as p is, the chain rule gives

        KL(q‖p) = KL(q(z_L|x)‖p(z_L)) + Σ E[KL(q(z_l|z_{l+1}, x)‖p(z_l|z_{l+1}))],

    where the expectation is over draws of the layers above, and the divergences inside are exact
    where one is known. If q is drawn from the data up, a layer adds log q(z_l|z_{l-1}) -
    log p(z_l|z_{l+1}) at the draws, which may be negative. The steps of a
    `distributions.RecurrentNormal` are layers, too, the first one first; of a normal prior of
    independent latents each is exact given the steps before.

    Args:
      posterior: q, batch `[B]`, event `[L]`; other than a `distributions.LatentChain` or
        `RecurrentNormal` it is a single layer.
      prior: p, batch `[]` or `[B]`, event `[L]`.
      z: Draws from q, `[S, B, L]`.

    Returns:
      A tensor `[layers, B]`, from the data up, whose sum over layers estimates KL(q‖p) without
      bias.

    Raises:
      TypeError: If an argument is no distribution, or `z` holds no numbers.
      ValueError: If the shapes do not fit.

    Example:
      >>> q = tfd.MultivariateNormalDiag(np.zeros([3, 2]), np.ones([3, 2]))
      >>> divergences.kl_divergence_per_layer(q, q, q.sample(5, seed=[0, 1])).numpy()
      array([[0., 0., 0.]])
    """
    check_distributions(posterior=posterior, prior=prior)
    z = as_draws(z, posterior)
    if _has_normal_steps(posterior, prior):
        return _per_step(posterior, prior, z)
    if not (isinstance(posterior, LatentChain) and isinstance(prior, LatentChain)):
        exact = exact_kl_divergence(posterior, prior)
        if exact is None:
            exact = sampled_kl_divergence(posterior, prior, z)
        return exact[tf.newaxis]
    inferring, generating = _from_the_data_up(posterior, z), _from_the_data_up(prior, z)
    values = _layers_from_the_data_up(posterior, z)
    exact_inside = _are_drawn_downward(posterior, prior)
    of_layers = []
    for q, p, value in zip(inferring, generating, values, strict=True):
        inside = exact_kl_divergence(q, p) if exact_inside else None
        each = q.log_prob(value) - p.log_prob(value) if inside is None else inside
        of_layers.append(tf.reduce_mean(each + tf.zeros_like(z[..., 0]), axis=0))
    return tf.stack(of_layers)


def is_summed_over_layers(posterior: tfd.Distribution, prior: tfd.Distribution) -> bool:
    """Returns whether q and p have several layers or steps, whose divergences add up.

    Args:
      posterior: q, batch `[B]`, event `[L]`.
      prior: p, batch `[]` or `[B]`, event `[L]`.

    Example:
      >>> q = tfd.MultivariateNormalDiag(np.zeros([3, 2]), np.ones([3, 2]))
      >>> divergences.is_summed_over_layers(q, q)
      False
    """
    check_distributions(posterior=posterior, prior=prior)
    chains = isinstance(posterior, LatentChain) and isinstance(prior, LatentChain)
    return chains or _has_normal_steps(posterior, prior)


def layers_are_exact(posterior: tfd.Distribution, prior: tfd.Distribution) -> bool:
    """Returns whether the divergence of every layer, given those above it, is exact.

    Args:
      posterior: q, batch `[B]`, event `[L]`.
      prior: p, batch `[]` or `[B]`, event `[L]`.
    """
    if _has_normal_steps(posterior, prior):
        return True
    if not _are_drawn_downward(posterior, prior):
        return False
    z = posterior.sample(1, seed=seeds.as_seed(seeds.EVALUATION))
    pairs = zip(posterior.conditionals(z), prior.conditionals(z), strict=True)
    return all(exact_kl_divergence(q, p) is not None for q, p in pairs)


def _are_drawn_downward(posterior: tfd.Distribution, prior: tfd.Distribution) -> bool:
    chains = [each for each in (posterior, prior) if isinstance(each, LatentChain)]
    return len(chains) == 2 and all(chain.reverse for chain in chains)


def _from_the_data_up(chain: LatentChain, z: tf.Tensor) -> list[tfd.Distribution]:
    drawn = chain.conditionals(z)
    return drawn[::-1] if chain.reverse else drawn


def _layers_from_the_data_up(chain: LatentChain, z: tf.Tensor) -> list[tf.Tensor]:
    drawn = chain.layers(z)
    return drawn[::-1] if chain.reverse else drawn


def _has_normal_steps(posterior: tfd.Distribution, prior: tfd.Distribution) -> bool:
    return isinstance(posterior, RecurrentNormal) and isinstance(prior, tfd.MultivariateNormalDiag)


def _per_step(posterior: RecurrentNormal, prior: tfd.Distribution, z: tf.Tensor) -> tf.Tensor:
    """Returns the mean over draws of the exact divergence of every step, `[T, B]`."""
    shape = tf.concat(
        [prior.batch_shape_tensor(), [posterior.time_steps, posterior.state_size]], axis=0
    )
    of_steps = MultivariateNormalDiag(
        tf.reshape(prior.mean(), shape), tf.reshape(prior.stddev(), shape)
    )
    each = tfd.kl_divergence(posterior.conditionals(z), of_steps)
    return tf.transpose(tf.reduce_mean(each, axis=0))
