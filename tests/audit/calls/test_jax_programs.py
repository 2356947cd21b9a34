"""Functions of JAX as programs: the same values, and nothing left behind in what is not pure."""

import numpy as np
import pytest

from tfp_vae.audit import audit
from tfp_vae.audit.calls.frameworks import double_precision
from tfp_vae.audit.calls.jax_programs import as_program

jax = pytest.importorskip("jax", reason="the extra `frameworks` is not installed")
jnp = jax.numpy

X = np.random.default_rng(0).normal(size=(3, 4))


def called(function, written=None):
    with double_precision():
        return function(X), as_program(function, written or function)(X)


def test_a_pure_function_is_traced_and_runs_no_more():
    traces = []

    def loss(x):
        traces.append(isinstance(x, np.ndarray))
        return {"loss": jnp.sum(jnp.exp(x), -1), "parts": (jnp.mean(x),)}

    # The list is the test's own: what a function writes to makes it another at each call.
    program = as_program(loss, branching)
    with double_precision():
        results = [program(X) for _ in range(3)]
    assert traces == [False, False]
    np.testing.assert_allclose(results[2]["loss"], np.exp(X).sum(-1), rtol=1e-12)
    np.testing.assert_allclose(results[2]["parts"][0], X.mean(), rtol=1e-12)


class OwnKey:
    """Keeps its key, and its last value, as a tracer would outlive its trace in them."""

    def __init__(self):
        self.key = jax.random.PRNGKey(0)
        self.kept = {"history": []}

    def __call__(self, x):
        self.key, key = jax.random.split(self.key)
        self.kept["history"].append(jnp.sum(x))
        return jnp.sum(x) + jax.random.normal(key)


def test_a_function_with_a_key_of_its_own_is_called_as_it_stands():
    loss = OwnKey()
    program = as_program(loss, loss)
    first, second = program(X), program(X)
    assert float(first) != float(second)
    assert not isinstance(loss.key, jax.core.Tracer)
    assert len(loss.kept["history"]) == 2
    assert [float(value) for value in loss.kept["history"]]


def noisy(x):
    return jnp.sum(x) + np.random.normal()


def branching(x):
    return jnp.sum(x) if float(jnp.max(x)) > 100.0 else -jnp.sum(x)


def of_numpy(x):
    return np.exp(np.asarray(x)).sum()


@pytest.mark.parametrize("function", [branching, of_numpy])
def test_a_function_that_looks_at_values_gives_its_own(function):
    expected, result = called(function)
    np.testing.assert_allclose(result, expected, rtol=1e-12)
    assert type(result) is type(expected)


def test_noise_of_another_library_stays_noise():
    program = as_program(noisy, noisy)
    state = np.random.get_state()
    try:
        assert float(program(X)) != float(program(X))
    finally:
        np.random.set_state(state)


def test_what_a_function_closes_over_is_read_anew():
    offset = np.full(4, 2.0)

    def loss(x):
        return jnp.sum(x + offset)

    with double_precision():
        assert float(as_program(loss, loss)(X)) == pytest.approx(X.sum() + 24.0)
        offset += 1.0
        assert float(as_program(loss, loss)(X)) == pytest.approx(X.sum() + 36.0)


def guarded(x, recon, mu, logvar):
    error = -x * jnp.log(recon + 1e-8) - (1.0 - x) * jnp.log(1.0 - recon + 1e-8)
    kl = -0.5 * jnp.sum(1 + logvar - mu**2 - jnp.exp(logvar), -1)
    return jnp.sum(error, -1) + kl


def unguarded(x, recon, mu, logvar):
    return guarded(x, recon, mu, logvar) - jnp.sum(jnp.log(1.0 - recon), -1)


def test_a_sum_that_the_compiler_reorders_is_finite_as_it_is_written():
    p = jnp.ones([1], jnp.float32)
    guard = lambda p: 1.0 - p + 1e-8  # noqa: E731
    assert float(guard(p)[0]) > 0.0 == float(jax.jit(guard)(p)[0])
    sizes = {"event_shape": (12,), "latent_size": 3}
    assert audit(guarded, **sizes).codes == frozenset()
    assert "not-finite" in audit(unguarded, **sizes).codes
