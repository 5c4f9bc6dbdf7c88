"""Facts inside a `.tflite` file: found by tools for metadata, and in nobody's way."""

import dataclasses
import io
import json
import zipfile

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils
from kerasae.export.embedded import embed, embedded_facts, without_archive
from kerasae.export.verify_edge import EdgeModel

#: A bundle is exported first.
pytestmark = pytest.mark.slow


@pytest.fixture
def content(for_devices):
    """A file with facts inside."""
    return next(for_devices.glob("edge/*.tflite")).read_bytes()


def model_of(content):
    return schema.Model.GetRootAs(bytearray(content), 0)


def metadata_of(content):
    """The root table of the ModelMetadata, found as its readers find it: by the name of the buffer."""
    model = model_of(content)
    (place,) = (
        model.Metadata(i).Buffer()
        for i in range(model.MetadataLength())
        if model.Metadata(i).Name() == b"TFLITE_METADATA"
    )
    data = model.Buffers(place).DataAsNumpy().tobytes()
    assert data[4:8] == b"M001"
    (root,) = np.frombuffer(data[:4], "<u4")
    return flatbuffers.table.Table(bytearray(data), int(root))


def text(table, slot):
    return table.String(table.Offset(4 + 2 * slot) + table.Pos).decode()


def test_a_reader_of_metadata_finds_the_associated_file(content, detecting):
    table = metadata_of(content)
    assert text(table, 0) == detecting.name
    files = table.Vector(table.Offset(4 + 2 * 6))
    file = flatbuffers.table.Table(table.Bytes, table.Indirect(files))
    assert text(file, 0) == "facts.json"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        facts = json.loads(archive.read("facts.json"))
    assert facts == embedded_facts(content)
    assert [one["name"] for one in facts["spec"]["columns"]][:2] == ["number", "income (USD)/year"]
    assert facts["detector"]["threshold"] == pytest.approx(float(detecting.detector.threshold))


def test_facts_are_replaced_and_equal_ones_make_equal_files(content):
    facts = embedded_facts(content)
    assert embed(content, facts) == content
    other = embed(content, {**facts, "name": "other"})
    assert embedded_facts(other)["name"] == "other"
    assert without_archive(other) == without_archive(content)


def test_the_model_stays_as_it_is(content, detecting):
    """The old bytes follow the new root, as they were and where their alignment wants them."""
    from kerasae.export.formats.tflite import TFLite
    from kerasae.export.views import edge_view

    bare = TFLite().content(detecting, edge_view(detecting.preprocessor))
    model = without_archive(content)
    assert model.endswith(bare)
    assert (len(model) - len(bare)) % 16 == 0
    before, after = (flatbuffer_utils.read_model_from_bytearray(bytearray(one)) for one in (bare, content))
    assert len(after.buffers) == len(before.buffers) + 1
    assert [one.name for one in after.metadata] == [
        *(one.name for one in before.metadata),
        b"TFLITE_METADATA",
    ]
    one, other = EdgeModel(bare), EdgeModel(content)
    assert one.signatures() == other.signatures()
    sent = {"x": np.random.default_rng(0).normal(size=(3, 6)).astype("float32")}
    for name, values in one.run("encode", sent).items():
        np.testing.assert_array_equal(values, other.run("encode", sent)[name])


def test_a_file_with_weights_behind_its_flatbuffer_answers_as_before(detecting, monkeypatch):
    """The quantiser writes files above 256 kB so; here it takes each file for one."""
    from ai_edge_quantizer import model_modifier
    from kerasae.export.formats.tflite import TFLite
    from kerasae.export.formats.tflite._calibration import set_numbers
    from kerasae.export.views import edge_view

    class Large(model_modifier._PackedBufferData):
        def __init__(self, model):
            super().__init__(model, 1)
            self.packed_size = 2**20

    monkeypatch.setattr(model_modifier, "_PackedBufferData", Large)
    detecting = dataclasses.replace(detecting)  # its files are cached
    bare = TFLite("float16").content(detecting, edge_view(detecting.preprocessor))
    assert any(model_of(bare).Buffers(i).Offset() > 1 for i in range(model_of(bare).BuffersLength()))
    sent = {"x": np.random.default_rng(0).normal(size=(3, 6)).astype("float32")}
    facts = {"name": "a", "family": "b"}
    before, after = (EdgeModel(one).run("detect", sent) for one in (bare, embed(bare, facts)))
    assert before["score"].std() > 0
    for name, values in before.items():
        np.testing.assert_array_equal(values, after[name])
    # A threshold below all scores.
    lower = embed(set_numbers(embed(bare, facts), {"threshold": np.float32(-1)}), facts)
    decided = EdgeModel(lower).run("detect", sent)
    np.testing.assert_array_equal(decided["score"], before["score"])
    assert decided["anomalous"].all()


@pytest.mark.parametrize("other", [b"", b"nothing", b"PK\x05\x06" + bytes(18)])
def test_other_bytes_are_refused(other):
    with pytest.raises(ValueError, match=r"facts.json inside"):
        embedded_facts(other)
    with pytest.raises(ValueError, match="the bytes of a TFLite model"):
        embed(other, {"name": "a", "family": "b"})
