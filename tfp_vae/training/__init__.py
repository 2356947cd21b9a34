"""The training engine: it fits any model that is `Trainable`."""
