"""Diagnosis of a non-finite loss or gradient."""
