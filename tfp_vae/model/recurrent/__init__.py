"""Variational recurrent networks: series whose recurrent state carries the data before."""

from tfp_vae.model.recurrent.variational_rnn import RecurrentSteps, VariationalRNN

__all__ = ["RecurrentSteps", "VariationalRNN"]
