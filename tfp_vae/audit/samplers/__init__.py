"""The draws of z: what they add to the mean."""
