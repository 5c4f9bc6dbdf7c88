"""Names of columns and libraries in C: none collides with what the templates define, or ends a comment."""

import re
from pathlib import Path

import kerasae.export.formats.c99 as room
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import MANY
from kerasae.export.formats.c99._columns import comment
from kerasae.export.formats.c99._library import _TAKEN

TEMPLATES = [*(Path(room.__file__).parent / "templates").glob("*.jinja")]


def test_every_name_in_capitals_of_the_header_is_taken():
    header = next(path for path in TEMPLATES if path.name == "header.h.jinja").read_text()
    defined = set(re.findall(r"#\s*(?:define|ifndef) {{ upper }}_([A-Z_]+)", header))
    assert {"FEATURES", "CALIBRATION_BLOCK"} <= defined
    assert defined <= {*_TAKEN}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_library_has_a_function_with_the_name_of_a_static_one(path):
    """A library named `graph` once had two functions `graph_detect`."""
    static = re.findall(r"^\s*static [\w ]+?\*?([\w{} .]+)\(", path.read_text(), re.MULTILINE)
    names = [re.sub(r"{{.*?}}", "detect", name).strip() for name in static]
    public = ("detect", "reconstruct", "encode", "decode", "anomaly_score", "sample", "push", "clear")
    assert not [name for name in names if name.endswith(tuple(f"_{word}" for word in public))]


@MANY
@given(st.text(st.sampled_from("/*a ")))
def test_a_comment_ends_at_its_end(text):
    found = comment(text)
    assert "*/" not in found and "/*" not in found
    assert found.replace(" ", "") == text.replace(" ", "")
