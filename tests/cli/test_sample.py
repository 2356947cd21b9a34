"""`sample`: draws as arrays, tables and pictures."""

import numpy as np

from tests.cli.program import run


def test_sample_writes_arrays_tables_and_pictures(digits_run, digits_folder, run_here):
    assert (
        run("sample", "runs/digits", "-n", 3, "-o", "draws.npy", cwd=digits_folder).returncode == 0
    )
    draws = np.load(digits_folder / "draws.npy")
    assert draws.shape == (3, 8, 8, 1)
    assert ((draws >= 0) & (draws <= 1)).all()
    done = run_here("sample", "runs/digits", "-n", 3, "-o", "draws.csv", cwd=digits_folder)
    assert done.returncode == 0
    table = np.loadtxt(digits_folder / "draws.csv", delimiter=",")
    np.testing.assert_allclose(table.reshape(draws.shape), draws, rtol=1e-6)
    assert run_here("sample", "runs/digits", "-o", "draws.png", cwd=digits_folder).returncode == 0
    assert (digits_folder / "draws.png").read_bytes().startswith(b"\x89PNG\r\n")
