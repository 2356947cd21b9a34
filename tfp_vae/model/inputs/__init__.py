"""The input pipeline of a model: checks, casts, preprocessing, conditions, missing values."""

from tfp_vae.model.inputs.condition import joined as condition_beside
from tfp_vae.model.inputs.labels import Labels
from tfp_vae.model.inputs.missing_values import MissingValues
from tfp_vae.model.inputs.pipeline import InputPipeline

__all__ = ["InputPipeline", "Labels", "MissingValues", "condition_beside"]
