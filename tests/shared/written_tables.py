"""Tables as text, written to a file and read back."""

import warnings

from kerasae import load_data

NUMBERS = [int(200 + 97 * i**1.5) % 3800 + 200 for i in range(40)]


def table(entry, count=40, between=",", quote=""):
    lines = [f"v{between}k", *(f"{quote}{entry(i)}{quote}{between}{i % 7}" for i in range(count))]
    return "\n".join(lines) + "\n"


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows(path, **arguments):
    """All rows in their order, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return load_data(path, test=1.0, **arguments).test.examples
