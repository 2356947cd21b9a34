"""Data on its way into a model: checked, cast, preprocessed, conditioned."""

from tfp_vae.model.inputs.condition import joined as condition_beside
from tfp_vae.model.inputs.missing_values import MissingValues
from tfp_vae.model.inputs.pipeline import InputPipeline

__all__ = ["InputPipeline", "MissingValues", "condition_beside"]
