"""What is said of a loss: findings, messages, and the corrected code."""
