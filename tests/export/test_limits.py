"""What a format cannot hold is refused by one message, before any work is done."""

from types import SimpleNamespace

import keras
import pytest
from kerasae.export.formats import Limit, arrays_only, no_layers

from kerasae import export, registry
from kerasae.spec import Column, Spec

COLUMNS = (Column("a", "number", "float64"),)
SPECS = [
    Spec("image", (4, 4, 1), "uint8", 0.0, 255.0),
    Spec("vector", (3,)),
    Spec("table", (1,), "mixed", columns=COLUMNS),
    Spec("text", (5,), "int32", vocabulary=("", "a")),
]


def subject_of(spec, *layers):
    model = SimpleNamespace(
        encoder=SimpleNamespace(layers=layers), decoder=SimpleNamespace(layers=()), head_layers=list
    )
    return SimpleNamespace(preprocessor=SimpleNamespace(spec=spec), model=model)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.kind)
def test_arrays_only(spec):
    said = arrays_only("int8 has no words").received(subject_of(spec))
    assert said == ("" if spec.kind in ("image", "vector") else f"one of kind '{spec.kind}'")


def test_layers_are_named_by_type():
    limit = no_layers("Conv", "a network of dense layers", "there is no gradient")
    layers = [keras.layers.Conv2D(1, 1), keras.layers.Dense(1), keras.layers.Conv1D(1, 1)]
    assert limit.received(subject_of(SPECS[0], *layers)) == "Conv1D, Conv2D"
    assert limit.received(subject_of(SPECS[0], layers[1])) == ""


def test_the_message_is_made_from_the_limit(monkeypatch):
    limit = Limit("a sparse model", lambda subject: "a dense one", "nothing else fits")
    monkeypatch.setattr(export.TFLite, "limits", (limit,))
    with pytest.raises(ValueError, match="Expected a sparse model to export, received a dense one: nothing"):
        export.TFLite().check(subject_of(SPECS[0]))


def test_no_format_is_for_no_model():
    subject = subject_of(SPECS[1], keras.layers.Dense(1))
    subject.detector = object()
    for name in registry.names("export"):
        registry.resolve("export", name)().check(subject)
