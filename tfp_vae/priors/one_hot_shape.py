"""The event shape of one-hot vectors, checked."""

from collections.abc import Sequence


def check_one_hot_shape(event_shape: Sequence[int], latent_variables: int, categories: int) -> None:
    """Checks that a prior is built for as many latents as its one-hot vectors have.

    Args:
      event_shape: The event shape of the posterior.
      latent_variables: The number of categorical variables.
      categories: The number of categories of each.

    Raises:
      ValueError: If it is not.
    """
    size = latent_variables * categories
    if tuple(event_shape) != (size,):
        raise ValueError(
            f"`prior` must have as many latents as the posterior: {latent_variables} variables of "
            f"{categories} categories are {size} latents; got event shape {list(event_shape)}."
        )
