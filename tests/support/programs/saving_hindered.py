"""Writes everything that the library writes, then again where it cannot, and tells what became.

Takes a folder and the hindrance: "limit" (files of at most 512 bytes), "full" (a disk without
room) or "rights" (a user who may not write there). Prints JSON: whether each writer raised an
OSError that names its file, and what is in the folder before and after.
"""

import contextlib
import hashlib
import io
import json
import os
import resource
import sys
from pathlib import Path

import keras
import numpy as np

import tfp_vae
from tfp_vae import atomic_files, callbacks, datasets
from tfp_vae_cli import app

MOST_BYTES = 512
NOBODY = 65534
X = np.random.default_rng(0).integers(0, 2, [40, 30])


def command(*arguments):
    """Runs a command, which tells a failure by its exit code and on standard error."""
    told = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(told):
        code = app.run([str(each) for each in arguments])
    if code:
        # A terminal's width breaks long paths.
        raise OSError(told.getvalue().replace("\n", ""))


def writers(vae, folder):
    checkpoint = callbacks.Checkpoint(folder / "run.checkpoint")
    vae.fit(X, verbose=0, callbacks=[checkpoint])
    model = folder / "vae.keras"

    def samples(name):
        return lambda: command("sample", model, "-o", folder / name, "--overwrite")

    return {
        "save": lambda: vae.save(model),
        "save_weights": lambda: vae.save_weights(folder / "vae.weights.h5"),
        "checkpoint": checkpoint.save,
        "export": lambda: vae.export(folder / "served", verbose=False),
        "write_records": lambda: datasets.write_records(folder / "x.tfrecord", X),
        "sample npy": samples("samples.npy"),
        "sample csv": samples("samples.csv"),
        "sample png": samples("samples.png"),
        "any file": lambda: atomic_files.write(folder / "report.html", bytes(1000)),
    }


def snapshot(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@contextlib.contextmanager
def hindered(how, folder):
    if how == "limit":
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_BYTES, before[1]))
        yield
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    elif how == "full":
        ballast = folder / "ballast"
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                pass
        yield
        ballast.unlink()
    else:
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        if os.geteuid() == 0:
            os.seteuid(NOBODY)
            yield
            os.seteuid(0)
        else:
            yield


def attempted(write, folder):
    try:
        write()
    except OSError as error:
        return "refused" if str(folder) in str(error) else f"refused without a name: {error}"
    return "written"


if __name__ == "__main__":
    folder, how = Path(sys.argv[1]), sys.argv[2]
    keras.utils.set_random_seed(0)
    vae = tfp_vae.VAE.for_data(X, latent_size=2)
    vae.compile(run_eagerly=True)
    every = writers(vae, folder)
    for write in every.values():
        write()
    told = {"before": snapshot(folder)}
    if how == "limit":
        # A command has to load the model first, for which it needs a larger file than these.
        every = {name: write for name, write in every.items() if not name.startswith("sample")}
    with hindered(how, folder):
        told["outcomes"] = {name: attempted(write, folder) for name, write in every.items()}
    told["after"] = snapshot(folder)
    sys.stdout.write("\n" + json.dumps(told))
