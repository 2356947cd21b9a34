"""Config round trips."""

import keras


def assert_config_is_a_fixed_point(block: object) -> None:
    """Asserts that a config survives deserialisation and serialisation unchanged.

    Args:
      block: A posterior, prior, likelihood, objective, network, model or other object that Keras
        can serialise.

    Raises:
      AssertionError: If the config of the copy differs.

    Example:
      >>> tfp_vae.testing.assert_config_is_a_fixed_point(likelihoods.Normal([3], scale="shared"))
    """
    __tracebackhide__ = True
    config = keras.saving.serialize_keras_object(block)
    again = keras.saving.serialize_keras_object(keras.saving.deserialize_keras_object(config))
    assert again == config, f"the config of the copy is {again}; expected {config}"
