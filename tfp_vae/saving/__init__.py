"""Saving whole files and loading untrusted ones."""
