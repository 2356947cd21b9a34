"""Epoch loops."""
