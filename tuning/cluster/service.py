"""The service of a chief for its workers: that of KerasTuner over gRPC, at an address of this host."""

import contextlib
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from kerasae.tuning.cluster._keras_tuner import add_service
from kerasae.tuning.cluster.oracle import SpreadOracle


def check_address(address: str) -> None:
    """Check that a chief can listen at an address. gRPC itself would only write it into a log.

    Args:
        address: Address, `HOST:PORT`.

    Raises:
        OSError: If nobody can listen there.
    """
    host, _, port = address.rpartition(":")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        socket.create_server((host.strip("[]"), int(port)), family=family).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(
            f"Expected an address of this host to listen at, received {address}: {reason}."
        ) from None


@contextlib.contextmanager
def served(oracle: SpreadOracle, address: str) -> Iterator[str]:
    """Answer workers during the context. Yield the address for workers on this host.

    Args:
        oracle: Oracle that distributes trials.
        address: Address to listen at, `HOST:PORT`. Port 0 stands for a free port.
    """
    import grpc

    host = address.rpartition(":")[0]
    host = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)
    server = grpc.server(ThreadPoolExecutor(max_workers=1), options=[("grpc.so_reuseport", 0)])
    add_service(oracle, server)
    check_address(address)
    port = server.add_insecure_port(address)
    server.start()
    try:
        yield f"{host}:{port}"
    finally:
        server.stop(grace=2.0).wait()
