"""What the commands do, with TensorFlow; a command imports its action when it has to run it."""
