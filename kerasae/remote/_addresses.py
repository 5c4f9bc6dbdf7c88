"""Addresses: what they name, and the secrets that they leave out."""

import functools
import importlib.metadata
import os
import re
import urllib.parse
from pathlib import Path

#: Beginning of an address. A letter before a colon is a drive of Windows.
_BEGINNING = re.compile(r"([A-Za-z][\w+.\-]+)(?:://|::)")
#: Databases that SQLAlchemy knows itself. Packages register more of them.
_DATABASES = ("sqlite", "postgresql", "mysql", "mariadb", "oracle", "mssql")
#: Password after the name of a user, in objects and in databases, whose passwords may hold more signs.
_PASSWORD = re.compile(r"(://[^:/@]*:)([^@/]+)(?=@)")
_DATABASE_PASSWORD = re.compile(r"(://[^:/@]*:)([^@\s]+)(?=@)")
#: Argument whose name is that of a secret.
_SECRET = re.compile(
    r"([?&;](?:[\w.\-]*(?:password|passwd|pwd|secret|token|signature|credential)[\w.\-]*|sig|key|api_?key)=)"
    r"([^&;#]+)",
    re.IGNORECASE,
)
#: An environment variable in an address. Without braces, a name of a file may hold the sign.
_VARIABLE = re.compile(r"\$\{(\w+)\}")
#: Characters that a file of Windows cannot have in its name.
_FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f]')


def is_address(where: object) -> bool:
    """Return whether a text is an address: it begins with a protocol, as in `s3://bucket/rows.csv`."""
    return isinstance(where, str) and _BEGINNING.match(where) is not None


def is_database(where: object) -> bool:
    """Return whether a text is the address of a database, as in `sqlite:///plant.db#readings`."""
    return is_address(where) and protocol_of(str(where)).partition("+")[0] in _databases()


@functools.cache
def _databases() -> frozenset[str]:
    known = importlib.metadata.entry_points(group="sqlalchemy.dialects")
    return frozenset([*_DATABASES, *(one.name.partition(".")[0] for one in known)])


def protocol_of(address: str) -> str:
    """Return the protocol of an address, such as `s3`."""
    found = _BEGINNING.match(address)
    return "" if found is None else found[1].lower()


def absolute(where: str | Path) -> str:
    """Return an absolute path, or an address that means the same in another working folder."""
    if not is_address(where):
        return os.path.abspath(where)  # noqa: PTH100  (a link stays a link: it may point elsewhere later)
    address = str(where)
    relative = re.match(r"(sqlite(?:\+\w+)?:///)([^/#:?$][^#?]*)(.*)", address, re.DOTALL)
    if relative is None:
        return address
    return f"{relative[1]}{Path(relative[2]).absolute().as_posix()}{relative[3]}"


def name_of(address: str) -> str:
    """Return the last name in an address of objects, for the file that holds the copy."""
    bodies = [part.partition("://") for part in address.split("::")]
    protocol, _, body = next((parts for parts in bodies if parts[2]), ("", "", ""))
    if protocol.lower() in ("http", "https"):
        body = urllib.parse.unquote(re.split("[?#]", body)[0])
    names = [name for name in body.split("/") if name.strip(".")]
    return _FORBIDDEN.sub("_", names[-1]) if names else "data"


def check_secrets(address: str, keeper: str = "recipe.json") -> None:
    """Refuse an address with a secret, because files and messages repeat it.

    Args:
        address: Address.
        keeper: File of a run that holds the address. Defaults to `"recipe.json"`.

    Raises:
        ValueError: if the address holds a password or a key. The message does not repeat it.
    """
    if (without := masked(address)) != address:
        raise ValueError(
            f"Expected an address without a password or a key, because {keeper} of a run holds it, "
            f"received one with; set it in an environment variable, and name that: '{without}', in single "
            "quotes."
        )


def masked(address: str) -> str:
    """Return an address with `${SECRET}` in the place of each password and each key."""
    known = is_database(address)
    without = (_DATABASE_PASSWORD if known else _PASSWORD).sub(_without_secret, address)
    # The arguments of a driver may be one argument of the URL.
    url = urllib.parse.unquote(without.partition("#")[0]) if known else without
    hiding = _SECRET.sub(_without_secret, url)
    return address if without == address and hiding == url else hiding


def _without_secret(found: re.Match[str]) -> str:
    return found[0] if not _VARIABLE.sub("", found[2]) else f"{found[1]}${{SECRET}}"


def filled(address: str) -> str:
    """Return an address with the values of the environment variables that it names, as in `${NAME}`.

    Raises:
        ValueError: if a variable is not set.
    """

    def value(found: re.Match[str]) -> str:
        if found[1] not in os.environ:
            raise ValueError(
                f"Expected the environment variable {found[1]}, which {address} names, found none; set it."
            )
        return os.environ[found[1]]

    return _VARIABLE.sub(value, address)


def hidden(text: str, address: str) -> str:
    """Return a text without the values of the environment variables that an address names."""
    for name in _VARIABLE.findall(address):
        for value in {os.environ.get(name, ""), urllib.parse.quote(os.environ.get(name, ""), safe="")} - {""}:
            text = text.replace(value, f"${{{name}}}")
    return text
