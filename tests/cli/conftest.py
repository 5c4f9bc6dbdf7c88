"""A run of three epochs on digits, as a command leaves it."""

import pytest
from quick_runs import QUICK

from kerasae.cli import main


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "vae"
    with pytest.raises(SystemExit) as exit_:
        main(["train", "digits", "--model", "variational", "--out", str(folder), *QUICK])
    assert exit_.value.code == 0
    return folder
