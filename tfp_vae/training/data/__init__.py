"""Data sources: every input becomes batches once."""
