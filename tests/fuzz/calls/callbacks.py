"""The constructors of `tfp_vae.callbacks`."""

import matplotlib as mpl

from tests.fuzz import fuzzed_models
from tests.fuzz.call import Call
from tests.fuzz.fuzzed_models import DATA
from tests.fuzz.written_files import FOLDER
from tfp_vae import callbacks

mpl.use("Agg")


CALLS = {
    "callbacks.Checkpoint": Call(
        callbacks.Checkpoint,
        lambda: {"filepath": FOLDER / "run.checkpoint", "data": fuzzed_models.REAL},
        tolerance=None, paths=("filepath",),
    ),
    "callbacks.LossAudit": Call(
        callbacks.LossAudit, lambda: {"x": DATA["binary"]}, tolerance=None
    ),
    "callbacks.PosteriorCollapseWarning": Call(
        callbacks.PosteriorCollapseWarning,
        lambda: {"x": fuzzed_models.REAL, "condition": fuzzed_models.LABELS}, tolerance=None,
    ),
    "callbacks.Convergence": Call(callbacks.Convergence, lambda: {"patience": 3}),
    "callbacks.MixtureInitialization": Call(
        callbacks.MixtureInitialization,
        lambda: {"x": DATA["binary"], "epochs": 3, "condition": None, "seed": 0},
    ),
    "callbacks.EarlyStopping": Call(callbacks.EarlyStopping, lambda: {"patience": 3}),
    "callbacks.SaveOnTermination": Call(
        callbacks.SaveOnTermination,
        lambda: {"checkpoint": callbacks.Checkpoint(FOLDER / "run.checkpoint")},
    ),
    "callbacks.TensorBoardImages": Call(
        callbacks.TensorBoardImages,
        lambda: {"log_dir": FOLDER, "x": fuzzed_models.REAL}, tolerance=None, paths=("log_dir",),
    ),
}  # fmt: skip
