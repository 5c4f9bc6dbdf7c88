"""Settings of the command line: what stands after --set."""

import pytest

from kerasae.cli._options.shared import _parsed


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("[16, 8]", [16, 8]),
        ('["a", "b"]', ["a", "b"]),
        # A shell takes quotes away, and a newcomer writes none.
        ("[zone]", ["zone"]),
        ("[zone, 5, 2024-01-01]", ["zone", 5, "2024-01-01"]),
        ("[fee in €,x]", ["fee in €", "x"]),
        ('{"zip": "category"}', {"zip": "category"}),
        ("relu", "relu"),
        ("true", True),
        # What is neither stays a string, and the argument says what it expects.
        ('["a", b]', '["a", b]'),
        ("[[a], [b]]", "[[a], [b]]"),
        ("a[0]", "a[0]"),
    ],
)
def test_values(text, value):
    assert _parsed(f"data.drop={text}") == ("data.drop", value)
