"""The command line: `tfp-vae`."""

import sys


def main() -> None:
    """Runs the command line, and leaves the process with its exit code."""
    try:
        from tfp_vae.cli.app import run
    except ImportError as error:
        print(  # noqa: T201 - the console is not there to print with
            f"tfp-vae: the command line needs {error.name}: pip install 'tfp-vae[cli]'.",
            file=sys.stderr,
        )
        sys.exit(2)
    sys.exit(run(sys.argv[1:]))
