"""Functions of a model that are compiled for it."""

import tensorflow as tf

from tests.support.small_models import small_vae


def test_a_function_is_compiled_once_and_another_of_its_name_is_another():
    vae = small_vae()

    def adds(number):
        return lambda _, x: x + number

    one, two = adds(1.0), adds(2.0)
    compiled = vae.compiled_function(one)
    assert vae.compiled_function(one) is compiled
    assert float(vae.compiled_function(two)(tf.constant(1.0))) == 3.0
    assert float(compiled(tf.constant(1.0))) == 2.0
