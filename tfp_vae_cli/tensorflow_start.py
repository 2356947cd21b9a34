"""Imports TensorFlow for a command, without its start-up notices."""

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator

from tfp_vae_cli.console import BAD_USAGE, fail

_NOTICE = re.compile(
    r"^(WARNING: All log messages before absl"
    r"|[IWE]\d{4} .*(port|cudart_stub|cuda_platform|cpu_feature_guard)\.cc"
    r"|To enable the following instructions:)"
)
_WAITING_LINE = "Importing TensorFlow …"


@contextlib.contextmanager
def tensorflow_imported() -> Iterator[None]:
    """Imports TensorFlow, and drops its start-up notices, also while the body imports the rest.

    TensorFlow writes its notices straight to file descriptor 2.

    Raises:
      CommandError: If TensorFlow, or what the body imports, cannot be imported.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with _start_up_notices_dropped(_WAITING_LINE if os.isatty(2) else ""):
        try:
            import tensorflow as tf

            import tfp_vae  # noqa: F401
        except ImportError as error:
            fail(error, BAD_USAGE)
        try:
            yield
        except ImportError as error:
            fail(f"the command line needs {error.name}: pip install 'tfp-vae[cli]'.", BAD_USAGE)
        tf.config.list_physical_devices()


@contextlib.contextmanager
def _start_up_notices_dropped(waiting_line: str) -> Iterator[None]:
    """Drops TensorFlow's start-up notices from standard error, and passes on everything else.

    Args:
      waiting_line: A line that stands on standard error in the meantime, and is blanked afterwards.
    """
    try:
        standard_error = os.dup(2)
    except OSError:
        # Standard error is closed.
        yield
        return
    with tempfile.TemporaryFile() as captured:
        os.dup2(captured.fileno(), 2)
        os.write(standard_error, waiting_line.encode())
        try:
            yield
        finally:
            blanks = f"\r{' ' * len(waiting_line)}\r" if waiting_line else ""
            os.write(standard_error, blanks.encode())
            os.dup2(standard_error, 2)
            os.close(standard_error)
            captured.seek(0)
            for line in captured.read().decode(errors="replace").splitlines(keepends=True):
                if not _NOTICE.match(line):
                    os.write(2, line.encode())
