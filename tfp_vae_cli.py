"""The command `tfp-vae`: starts TensorFlow without its start-up notices, then runs `tfp_vae.cli`.

It is a module beside the package, because the first import from `tfp_vae` imports TensorFlow, which
writes its notices straight to file descriptor 2.
"""

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator

_NOTICE = re.compile(
    r"^(WARNING: All log messages before absl"
    r"|[IWE]\d{4} .*(port|cudart_stub|cuda_platform|cpu_feature_guard)\.cc"
    r"|To enable the following instructions:)"
)
_WAITING_LINE = "Importing TensorFlow …"


def main() -> None:
    """Runs the command line, and leaves the process with its exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    is_completion = "_TFP_VAE_COMPLETE" in os.environ
    waiting_line = _WAITING_LINE if os.isatty(2) and not is_completion else ""
    try:
        with _start_up_notices_dropped(waiting_line):
            import tensorflow as tf

            from tfp_vae import cli

            tf.config.list_physical_devices()
    except ImportError as error:
        print(f"tfp-vae: {error}", file=sys.stderr)  # noqa: T201 - the console is not there
        sys.exit(2)
    cli.main()


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


if __name__ == "__main__":
    main()
