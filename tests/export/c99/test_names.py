"""Names of columns and libraries in C: none collides with what the templates define, or ends a comment."""

import re
from pathlib import Path
from types import SimpleNamespace

import kerasae.export.formats.c99 as room
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import MANY
from kerasae.export.formats.c99 import C99, _building
from kerasae.export.formats.c99._columns import comment
from kerasae.export.formats.c99._library import _TAKEN, name_in_c

KERNELS = [*(Path(room.__file__).parent / "operators" / "kernels").glob("*.jinja")]
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


@pytest.mark.parametrize("name", ["math", "string", "Float", "test", "all", "m"])
def test_a_library_has_no_name_of_a_header_or_a_target(name):
    assert name_in_c(name) == f"{name}_model"
    assert name_in_c(f"{name}2") == f"{name}2"


def test_every_shift_of_a_number_has_a_width():
    """An `int` has 16 bits on an AVR."""
    text = "".join(path.read_text() for path in [*TEMPLATES, *KERNELS])
    shifted = re.findall(r"(\S*)\b1 << ", text)
    assert len(shifted) > 5 and all(before.endswith(("t)", "(int32_t)")) for before in shifted)
    assert not re.findall(r"0x[0-9a-fA-F]+u? << ", text)


def test_code_that_was_not_compared_is_said(monkeypatch):
    monkeypatch.setattr(_building.shutil, "which", lambda name: None)
    draft = SimpleNamespace(place=Path(), path=Path("m_c"), runtime=None, cases={}, facts={"functions": {}})
    with pytest.warns(UserWarning, match=r"Expected a C compiler .* code of m_c .* found none"):
        C99().check_made(draft)
    assert draft.facts["compared"] is False


@MANY
@given(st.text(st.sampled_from("/*a ")))
def test_a_comment_ends_at_its_end(text):
    found = comment(text)
    assert "*/" not in found and "/*" not in found
    assert found.replace(" ", "") == text.replace(" ", "")
