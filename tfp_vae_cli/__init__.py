"""The command line: `tfp-vae`.

It is a package beside `tfp_vae`, because the first import from that one imports TensorFlow. What is
here outside of `actions` imports neither, so that help, shell completion and wrong arguments are
answered at once.
"""

import sys


def main() -> None:
    """Runs the command line, and leaves the process with its exit code."""
    try:
        from tfp_vae_cli.app import run
    except ImportError as error:
        print(  # noqa: T201 - the console is not there to print with
            f"tfp-vae: the command line needs {error.name}: pip install 'tfp-vae[cli]'.",
            file=sys.stderr,
        )
        sys.exit(2)
    sys.exit(run(sys.argv[1:]))
