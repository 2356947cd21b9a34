"""Expressions of a scale and a loss, as lines of the user's own framework."""

from dataclasses import dataclass

from tfp_vae.audit.calls.frameworks import JAX, KERAS, NUMPY, TENSORFLOW, TORCH


@dataclass(frozen=True)
class Dialect:
    """How a framework spells the functions of a loss.

    Attributes:
        functions: The names of exp, log, sqrt, softplus, and so on.
        sum_over: The sum of `{value}` over the axes `{axis}`.
        mean: The mean of `{value}`.
        noise: Standard normal noise of the shape of `{mean}`.
        split: The halves of `{value}` along the last axis.
        clip: `{value}` kept between `{low}` and `{high}`.
    """

    functions: dict[str, str]
    sum_over: str
    mean: str
    noise: str
    split: str
    clip: str

    def expression(self, template: str, **names: str) -> str:
        """A template such as "{exp}({s} / 2.0)" in this dialect."""
        return template.format(**self.functions, **names)


def _functions(module: str, **others: str) -> dict[str, str]:
    names = ("exp", "log", "sqrt", "softplus", "tanh", "sigmoid", "abs", "elu")
    return {name: f"{module}.{name}" for name in names} | others


DIALECTS = {
    TENSORFLOW: Dialect(
        _functions(
            "tf",
            log="tf.math.log",
            softplus="tf.nn.softplus",
            elu="tf.nn.elu",
        ),
        "tf.reduce_sum({value}, axis={axis})",
        "tf.reduce_mean({value})",
        "tf.random.normal(tf.shape({mean}))",
        "tf.split({value}, 2, axis=-1)",
        "tf.clip_by_value({value}, {low}, {high})",
    ),
    KERAS: Dialect(
        _functions("keras.ops"),
        "keras.ops.sum({value}, axis={axis})",
        "keras.ops.mean({value})",
        "keras.random.normal(keras.ops.shape({mean}))",
        "keras.ops.split({value}, 2, axis=-1)",
        "keras.ops.clip({value}, {low}, {high})",
    ),
    TORCH: Dialect(
        _functions(
            "torch",
            softplus="torch.nn.functional.softplus",
            elu="torch.nn.functional.elu",
        ),
        "torch.sum({value}, dim={axis})",
        "torch.mean({value})",
        "torch.randn_like({mean})",
        "torch.chunk({value}, 2, dim=-1)",
        "torch.clamp({value}, {low}, {high})",
    ),
    JAX: Dialect(
        _functions(
            "jnp",
            softplus="jax.nn.softplus",
            sigmoid="jax.nn.sigmoid",
            elu="jax.nn.elu",
        ),
        "jnp.sum({value}, axis={axis})",
        "jnp.mean({value})",
        "jax.random.normal(key, {mean}.shape)",
        "jnp.split({value}, 2, axis=-1)",
        "jnp.clip({value}, {low}, {high})",
    ),
    NUMPY: Dialect(
        _functions(
            "np",
            softplus="(lambda a: np.logaddexp(0.0, a))",
            sigmoid="(lambda a: 1.0 / (1.0 + np.exp(-a)))",
            elu="(lambda a: np.where(a > 0.0, a, np.expm1(a)))",
        ),
        "np.sum({value}, axis={axis})",
        "np.mean({value})",
        "np.random.normal(size={mean}.shape)",
        "np.split({value}, 2, axis=-1)",
        "np.clip({value}, {low}, {high})",
    ),
}
