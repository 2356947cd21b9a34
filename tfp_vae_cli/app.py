"""The commands, and the exit codes of their failures."""

import os
from collections.abc import Sequence

import typer

from tfp_vae_cli.commands import audit, evaluate, impute, sample, score, train
from tfp_vae_cli.console import (
    BAD_USAGE,
    INTERRUPTED,
    TERMINATED,
    CommandError,
    out,
    print_failure,
    termination_raises,
)

app = typer.Typer(
    name="tfp-vae",
    help="Variational autoencoders made of distribution objects.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(train)
app.command()(evaluate)
app.command()(sample)
app.command()(impute)
app.command()(score)
app.command()(audit)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        out.print(f"tfp-vae {version('tfp-vae')}")
        raise typer.Exit


@app.callback()
def _program(
    version: bool = typer.Option(
        False,
        "--version",
        help="Print the version and leave.",
        callback=_print_version,
        is_eager=True,
    ),
) -> None:
    del version


def run(arguments: Sequence[str]) -> int:
    """Runs one command.

    Args:
      arguments: What stands after `tfp-vae`.

    Returns:
      The exit code: 0 done, 1 bad data, 2 bad usage, 130 interrupted, 143 terminated.
    """
    try:
        with termination_raises():
            code = app(list(arguments), standalone_mode=False)
    except CommandError as failure:
        print_failure(str(failure))
        return failure.code
    except typer.TyperException as error:
        print_failure(" ".join(error.format_message().split()))
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        print_failure("interrupted.")
        return INTERRUPTED
    except SystemExit as left:
        if left.code != TERMINATED:
            raise
        print_failure("terminated.")
        return TERMINATED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as error:
        # A full disk, or a folder that may not be written.
        print_failure(" ".join(str(error).split()))
        return BAD_USAGE
    return code if isinstance(code, int) else 0
