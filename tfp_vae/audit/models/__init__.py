"""Whole models, cut at their encoder and their decoder."""
