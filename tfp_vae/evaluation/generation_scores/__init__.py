"""Scores of draws beside data, of their features alone."""
