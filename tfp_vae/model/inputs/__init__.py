"""Data on its way into a model: checked, cast, preprocessed, conditioned."""
