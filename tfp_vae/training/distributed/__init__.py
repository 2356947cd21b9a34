"""Steps shared by the replicas of a `tf.distribute.Strategy`."""
