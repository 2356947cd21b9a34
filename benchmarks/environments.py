"""One virtual environment for every peer, created at its first use and kept."""

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
REQUIREMENTS = Path(__file__).parent / "requirements"
THREADS = 2


@dataclass(frozen=True)
class Peer:
    """A script of `benchmarks.peers` and the environment that it runs in.

    Attributes:
      title: Its name in a table.
      module: The script.
      environment: The requirements file, without its ending; None is the running interpreter.
    """

    title: str
    module: str
    environment: str | None


OURS = Peer("tfp_vae, `vae.fit`", "tfp_vae_fit", None)
PEERS = (
    OURS,
    Peer("NumPyro, jitted epoch", "numpyro_svi", "numpyro"),
    Peer("PyTorch, loop by hand", "torch_loop", "torch"),
    Peer("Pyro, `SVI.step`", "pyro_svi", "torch"),
    Peer("pythae, `TrainingPipeline`", "pythae_trainer", "pythae"),
    Peer("Keras `fit`, loss by hand", "keras_fit", "keras"),
    Peer("tf-keras `fit`, `tfp.layers`", "tfp_layers", "tf_keras"),
)


def python_of(environment: str | None, folder: Path) -> str:
    """Returns the interpreter of an environment, which is created if it does not exist.

    The packages are installed in the order of the requirements file, one after another: torch must
    be installed before the packages that depend on it.
    """
    if environment is None:
        return sys.executable
    requirements = REQUIREMENTS / f"{environment}.txt"
    text = requirements.read_text()
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    home = folder.resolve() / f"{environment}-{digest}"
    python = home / "bin" / "python"
    finished = home / "finished"
    if not finished.exists():
        print(f"Making the environment {home} ...", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        for requirement in text.split():
            install = ["-m", "pip", "install", "--quiet", "--constraint", str(requirements)]
            subprocess.run([str(python), *install, requirement], check=True)
        finished.touch()
    return str(python)


def run(
    python: str,
    arguments: list[str],
    bytecode: Path | None = None,
    threads: int = THREADS,
    seconds: float | None = None,
) -> str:
    """Runs `python arguments` in this repository, and returns the last line.

    Args:
      python: The interpreter.
      arguments: Its arguments.
      bytecode: A folder that keeps the compiled modules from one run to the next, as those of an
        installed package are kept; None leaves it to the caller's environment.
      threads: The number of threads of numerical work.
      seconds: The most seconds that it may take; None for no limit.

    Raises:
      RuntimeError: If it fails, with the end of its error output.
      subprocess.TimeoutExpired: If it takes longer than it may; it is ended.
    """
    variables = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    environment = {
        **os.environ,
        **dict.fromkeys(variables, str(threads)),
        "PYTHONPATH": str(ROOT),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "PYTHONHASHSEED": "0",
    }
    if bytecode is not None:
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["PYTHONPYCACHEPREFIX"] = str(bytecode)
    result = subprocess.run(
        [python, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
    if result.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed:\n{result.stderr[-4000:]}")
    return result.stdout.rstrip().rsplit("\n", 1)[-1]


def keep_to_few_cores() -> None:
    """Restricts this process and its children to `THREADS` cores, where the system allows it.

    Call it before TensorFlow is imported, which sizes its thread pools by the available cores.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
