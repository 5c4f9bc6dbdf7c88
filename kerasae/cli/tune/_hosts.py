"""The part of this host in a search on several."""

import os
import shlex
import socket
from pathlib import Path
from typing import Any, NamedTuple

import click


class Address(click.ParamType):
    """An address, `HOST:PORT`."""

    name = "host:port"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the address as it was given."""
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            self.fail(f"Expected --chief HOST:PORT, as 10.0.0.1:8000, received {value!r}.", param, ctx)
        return str(value)


class Role(NamedTuple):
    """Address of the chief, if there is one, whether this host is a worker, and its name."""

    chief: str | None
    worker: bool
    name: str


def role(chief: str | None, worker: bool) -> Role:
    """Return the role of this host: by flag, or by KerasTuner's variables."""
    name = os.environ.get("KERASTUNER_TUNER_ID", "")
    if chief is None and "KERASTUNER_ORACLE_IP" in os.environ:
        missing = [key for key in ("KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_PORT") if key not in os.environ]
        if missing:
            raise click.UsageError(
                f"KERASTUNER_ORACLE_IP is set; expected {' and '.join(missing)} beside it, found none."
            )
        address = f"{os.environ['KERASTUNER_ORACLE_IP']}:{os.environ['KERASTUNER_ORACLE_PORT']}"
        chief = Address().convert(address, None, None)
        worker = worker or "chief" not in name
    if chief is None and worker:
        raise click.UsageError("Expected --chief HOST:PORT beside --worker, or KerasTuner's variables.")
    return Role(chief, worker, name)


def run_worker(out: Path, role: Role, jobs: int | None) -> None:
    """Run trials for the chief of a search."""
    from kerasae.cli._streams import note
    from kerasae.training.workers import default_jobs
    from kerasae.tuning import work

    assert role.chief is not None
    note(f"Worker of the chief at {role.chief}, folder {out}.")
    work(out, role.chief, jobs=jobs or default_jobs(), name=role.name)
    note("No trials left.")


def how_to_join(chief: str, out: Path) -> str:
    """Return the command for workers of a chief on other hosts, in a sentence."""
    host, _, port = chief.rpartition(":")
    host = socket.gethostname() if host in ("0.0.0.0", "[::]") else host
    return (
        f"Chief at {chief}; on each worker: kerasae tune --worker --chief {host}:{port} "
        f"--out {shlex.quote(str(out.resolve()))}"
    )
