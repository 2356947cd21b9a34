"""Imports TensorFlow Probability once, without the notices that its import leaves on the terminal.

TensorFlow writes start-up notices (which CPU instructions it uses, that no GPU was found) straight
to the process's standard error, and TensorFlow Probability touches deprecated parts of the standard
library. Neither is of use to a reader of our output. Whatever else is written while they are
imported is passed on.
"""

import contextlib
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

_NOTICE = re.compile(
    r"^(WARNING: All log messages before absl"
    r"|[IWE]\d{4} .*(port|cudart_stub|cuda_platform|cpu_feature_guard|local_rendezvous)\.cc"
    r"|To enable the following instructions:)"
)
_WAITING = "Importing TensorFlow …"


def _is_command_line() -> bool:
    """Tells whether somebody waits at a terminal for `tfp-vae`, and not a shell to complete it."""
    program = Path((getattr(sys, "argv", None) or [""])[0]).stem
    return program == "tfp-vae" and "_TFP_VAE_COMPLETE" not in os.environ and os.isatty(2)


@contextlib.contextmanager
def notices_dropped(waiting: str = "") -> Iterator[None]:
    """Drops notices of TensorFlow's from standard error, and passes everything else on.

    Args:
      waiting: A line that stands on standard error in the meantime, and is blanked afterwards.
    """
    try:
        sys.stderr.flush()
        saved = os.dup(2)
    except (AttributeError, OSError, ValueError):
        yield
        return
    with tempfile.TemporaryFile(mode="w+b") as captured:
        os.dup2(captured.fileno(), 2)
        os.write(saved, waiting.encode())
        try:
            yield
        finally:
            os.write(saved, f"\r{' ' * len(waiting)}\r".encode() if waiting else b"")
            os.dup2(saved, 2)
            os.close(saved)
            captured.seek(0)
            lines = captured.read().decode(errors="replace").splitlines(keepends=True)
            kept = "".join(line for line in lines if not _NOTICE.match(line))
            if kept:
                os.write(2, kept.encode())


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
with notices_dropped(_WAITING if _is_command_line() else ""), warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import keras
    import tensorflow_probability

    tensorflow_probability.distributions.Normal  # noqa: B018 - the import is lazy until first use

if keras.config.backend() != "tensorflow":
    raise ImportError(
        "tfp_vae needs the TensorFlow backend of Keras, but Keras was started with "
        f"{keras.config.backend()!r}: set the environment variable KERAS_BACKEND=tensorflow."
    )
