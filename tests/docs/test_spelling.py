"""Prose is in British English: pages, and docstrings outside their code. `codespell` finds typing errors."""

import ast
import re
from pathlib import Path

import pytest
from test_links import PAGES, ROOT, prose

#: Words of the field that Keras, TensorFlow and everybody else write in this way.
KEPT = {"artifact", "artifacts", "optimizer", "optimizers", "program", "programs"}


@pytest.fixture(scope="module")
def american():
    """American words, and the British ones for them."""
    library = pytest.importorskip("codespell_lib", reason="pip install codespell")
    data = Path(library.__file__).parent / "data" / "dictionary_en-GB_to_en-US.txt"
    pairs = [line.split("->") for line in data.read_text(encoding="utf-8").splitlines()]
    return {word.strip(): british for british, words in pairs for word in words.split(",")}


def docstrings(path):
    """The prose of the docstrings of a file: without code, examples, titles and names of arguments."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            text = (ast.get_docstring(node) or "").partition("Reference:")[0]
            text = re.sub(r"`[^`]*`|\*[^*]+\*", "", text)
            text = re.sub(r"^ *(>>>|\.\.\.).*$|^ *\w+: ", "", text, flags=re.MULTILINE)
            yield text


def wrong(text, american):
    words = {word.lower() for word in re.findall(r"[A-Za-z]+", text)}
    return {word: american[word] for word in words - KEPT if word in american}


def test_the_pages_are_british(american):
    assert len(american) > 500
    for page in PAGES:
        assert wrong(prose(page), american) == {}, page


def test_the_docstrings_are_british(american):
    for folder in ("kerasae", "export", "tuning"):
        for path in (ROOT / folder).rglob("*.py"):
            for text in docstrings(path):
                assert wrong(text, american) == {}, path
