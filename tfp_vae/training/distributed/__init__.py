"""Steps shared by the replicas of a `tf.distribute.Strategy`."""

from tfp_vae.training.distributed.errors import WorkerLostError, lost_worker_named
from tfp_vae.training.distributed.replica_loop import ReplicaLoop
from tfp_vae.training.distributed.step import AnyReplica, agreed

__all__ = ["AnyReplica", "ReplicaLoop", "WorkerLostError", "agreed", "lost_worker_named"]
