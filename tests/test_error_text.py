"""How error messages show values."""

import numpy as np
import pytest
import tf_keras

from tfp_vae.error_text import described


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3, which is of type int"),
        ("relu", "'relu', which is of type str"),
        (None, "None, which is of type NoneType"),
        (np.float32(0.5), "np.float32(0.5), which is of type float32"),
        ([0] * 100, "a list"),
        (np.zeros([2, 2]), "a ndarray"),
        (object(), "a object"),
        (abs, "<built-in function abs>, which is of type builtin_function_or_method"),
        (lambda: 0, "a function"),
    ],
)
def test_a_short_value_is_shown_with_its_type_and_another_by_its_type(value, text):
    assert described(value) == text


def test_an_object_of_tf_keras_is_said_to_be_one():
    text = "a Dense of tf_keras: use that of Keras 3, `import keras`"
    assert described(tf_keras.layers.Dense(1)) == text
