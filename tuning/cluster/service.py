"""How a chief answers its workers: KerasTuner's service over gRPC, at an address of this host."""

import contextlib
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from kerasae.tuning.cluster._keras_tuner import add_service
from kerasae.tuning.cluster.oracle import SpreadOracle


def check_address(address: str) -> None:
    """Find out whether a chief can listen at an address; gRPC says it in lines of its own.

    Args:
        address: `HOST:PORT`.

    Raises:
        OSError: If it cannot.
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
    """Answer workers while the context lasts; gives the address at which local ones ask.

    Args:
        oracle: Oracle that hands out trials.
        address: `HOST:PORT` to listen at; port 0 takes a free one.
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
