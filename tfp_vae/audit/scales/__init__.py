"""The ways to read a second encoder output as a scale."""
