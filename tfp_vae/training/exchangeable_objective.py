"""A Keras model whose objective can be exchanged for another one."""

import abc

from tfp_vae import checks
from tfp_vae.objectives import Objective
from tfp_vae.saving.atomic_model import SavedWhole
from tfp_vae.training.metrics import ScheduledWeights


class ExchangeableObjective(SavedWhole, abc.ABC):
    """A Keras model that is trained on an objective, now this one and now that."""

    @property
    def objective(self) -> Objective:
        """What training raises; the loss is its negative mean.

        Another one may be set, as in `vae.objective = objectives.IWAE(5)`, and training goes on
        with it. The weights, the optimizer and the number of the step stay as they are. What is no
        objective is a TypeError; what makes no sense with the model's posterior and prior is a
        ValueError, and leaves the present one.
        """
        return self._objective

    @objective.setter
    def objective(self, objective: Objective) -> None:
        checks.instance_of(objective, Objective, "objective", "objectives.ELBO()")
        if self.built:
            self.check_objective(objective)
        self._objective = objective
        with self.distribute_strategy.scope():
            self.scheduled_weights = ScheduledWeights(objective.schedules)
        if self.compiled:
            self.make_steps()

    @abc.abstractmethod
    def check_objective(self, objective: Objective) -> None:
        """Raises a ValueError if an objective makes no sense with the model's distributions."""

    @abc.abstractmethod
    def make_steps(self) -> None:
        """Makes what takes the steps on the present objective."""
