"""The posterior of given rows, improved beyond what the encoder gives."""

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, seeds
from tfp_vae.model.inference.tracing import traced_unless_eager
from tfp_vae.objectives import ELBO

if TYPE_CHECKING:
    from tfp_vae.model.batch_distributions import BatchDistributions
    from tfp_vae.model.vae import VAE

_COMPARED_DRAWS = 32
_LEAST_GRADIENT = 1e-5
"""A smaller gradient, in nats, makes smaller steps: Adam would follow rounding errors."""


def refined(
    vae: "VAE",
    x: Any,
    condition: Any,
    steps: int,
    sample_size: int,
    learning_rate: float,
    seed: seeds.Seed,
    batch_size: int,
) -> tfd.Distribution:
    """Returns q(z|x) of parameters of its own for every row, which begin at the encoder's.

    Args:
      vae: The model.
      x: An array `[N, *event]`.
      condition: y, `[N, ...]`, or None.
      steps: The number of steps of Adam.
      sample_size: The number of draws of every step.
      learning_rate: That of the first step; it falls to zero along a cosine.
      seed: The seed of the draws.
      batch_size: The number of rows refined at once.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If the data does not fit the model, or the posterior has no parameters of a row.
    """
    steps = checks.positive_int(steps, "steps")
    sample_size = checks.positive_int(sample_size, "sample_size")
    batch_size = checks.positive_int(batch_size, "batch_size")
    learning_rate = checks.finite_number(
        learning_rate, "learning_rate", minimum=0.0, exclusive=True
    )
    key = seeds.as_seed(seed)
    layer, several = vae.encoder.posterior, len(vae.latent_pairs) > 1
    if several or not layer.parameter_names:
        kind = type(vae if several else layer).__name__
        raise ValueError(
            "`vae` must have a posterior of one layer of latents that parameters describe, to "
            f"refine them; got a {kind}."
        )
    rows = checks.array(x)
    vae.check_rows(rows)
    vae.check_condition(condition, len(rows))
    y = None if condition is None else checks.array(condition, "condition")
    climb = _Climb(vae, steps, sample_size, learning_rate)
    parts: list[dict[str, np.ndarray]] = []
    size = min(batch_size, len(rows))
    for start in range(0, len(rows), size):
        # The last batch is filled up, so that one compiled step serves all.
        place = np.minimum(np.arange(start, start + size), len(rows) - 1)
        found = climb(rows[place], None if y is None else y[place], seeds.fold_in(key, start))
        count = min(size, len(rows) - start)
        parts.append({name: value[:count] for name, value in found.items()})
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return layer.distribution(**{name: tf.constant(value) for name, value in joined.items()})


class _Climb:
    """The ascent of the evidence lower bound of a batch by the parameters of its posteriors."""

    def __init__(self, vae: "VAE", steps: int, sample_size: int, learning_rate: float) -> None:
        self._vae, self._steps = vae, steps
        layer = vae.encoder.posterior
        estimator = layer.gradient_estimator
        if estimator == "standard" and not layer.summed:
            estimator = "sticking_the_landing"
        self._objective = ELBO(sample_size=sample_size, gradient_estimator=estimator)
        self._schedule = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
        self._variables: dict[str, keras.Variable] = {}
        self._optimizer: keras.optimizers.Optimizer | None = None
        self._run = traced_unless_eager(vae, self._all_steps)
        self._bound = traced_unless_eager(vae, self._bound_of_each)

    def __call__(self, x: np.ndarray, y: np.ndarray | None, seed: tf.Tensor) -> dict[str, Any]:
        """Returns the parameters of every row: refined, or the encoder's where those are better."""
        step_seed, compared_seed = seeds.split(seed, 2)
        start = self._encoded(x, y)
        self._begin_at(start)
        x = tf.constant(x)
        y = None if y is None else tf.constant(y)
        self._run(x, y, step_seed)
        end = {name: tf.convert_to_tensor(variable) for name, variable in self._variables.items()}
        before, after = (
            self._bound(x, y, compared_seed, parameters) for parameters in (start, end)
        )
        better = (after > before).numpy()
        return {
            name: np.where(
                better.reshape([-1, *[1] * (end[name].shape.rank - 1)]), end[name], start[name]
            )
            for name in start
        }

    def _encoded(self, x: np.ndarray, y: Any) -> dict[str, tf.Tensor]:
        pipeline = self._vae.pipeline
        prepared, observed = pipeline.prepared(x)
        features = pipeline.features(y, len(x))
        seen = pipeline.joined(prepared, features, pipeline.exposures_in(y))
        return self._vae.encoder.posterior_parameters(seen, observed)

    def _begin_at(self, parameters: dict[str, tf.Tensor]) -> None:
        if self._optimizer is None:
            self._variables = {
                name: keras.Variable(value, dtype=value.dtype.name, name=name)
                for name, value in parameters.items()
            }
            self._optimizer = keras.optimizers.Adam(self._schedule, epsilon=_LEAST_GRADIENT)
            self._optimizer.build(list(self._variables.values()))
            return
        for name, value in parameters.items():
            self._variables[name].assign(value)
        for variable in self._optimizer.variables:
            variable.assign(tf.zeros_like(variable))

    def _all_steps(self, x: tf.Tensor, y: Any, seed: tf.Tensor) -> None:
        def step(index: tf.Tensor) -> tuple[tf.Tensor]:
            self._one_step(x, y, seeds.fold_in(seed, index))
            return (index + 1,)

        tf.while_loop(
            lambda index: index < self._steps, step, (tf.constant(0),), parallel_iterations=1
        )

    def _one_step(self, x: tf.Tensor, y: Any, seed: tf.Tensor) -> None:
        batch = self._vae.distributions(x, condition=y)
        variables = list(self._variables.values())
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in variables])
            parameters = {
                name: tf.convert_to_tensor(variable) for name, variable in self._variables.items()
            }
            terms = self._terms(self._objective, batch, parameters, seed)
            loss = -tf.reduce_sum(terms)
        assert self._optimizer is not None
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        self._optimizer.apply(gradients, variables)

    def _bound_of_each(
        self,
        x: tf.Tensor,
        y: Any,
        seed: tf.Tensor,
        parameters: dict[str, tf.Tensor],
    ) -> tf.Tensor:
        batch = self._vae.distributions(x, condition=y)
        estimator = self._vae.encoder.posterior.gradient_estimator
        compared = ELBO(sample_size=_COMPARED_DRAWS, gradient_estimator=estimator)
        return self._terms(compared, batch, parameters, seed)

    def _terms(
        self,
        objective: ELBO,
        batch: "BatchDistributions",
        parameters: dict[str, tf.Tensor],
        seed: tf.Tensor,
    ) -> tf.Tensor:
        return objective(
            batch.x,
            posterior=self._vae.encoder.posterior.distribution(**parameters),
            prior=batch.prior,
            likelihood_fn=batch.likelihood_fn,
            seed=seed,
        ).objective
