"""Facts inside a `.tflite` file, where tools for TFLite metadata look for them.

The file gets a buffer `TFLITE_METADATA` with a `ModelMetadata` (schema of tflite-support, version 1), which
lists the associated file `facts.json`, and that file itself as a ZIP archive behind the FlatBuffer.
`unzip -p model.tflite facts.json` prints it. Loaders of models skip both.
"""

import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

from kerasae.export.file_formats import FACTS_FORMAT

from kerasae.files import unnumbered

#: Name of the associated file.
FACTS = "facts.json"
_METADATA, _IDENTIFIER = b"TFLITE_METADATA", b"TFL3"
#: Places of the fields `buffers` and `metadata` in the table of a model, and of `version`, the only number.
_BUFFERS, _LIST, _VERSION = 4, 6, 0
#: Place of the field `offset` in the table of a buffer.
_PLACE = 1
#: Alignment of the content of a buffer.
_ALIGNED = 16


def embed(content: bytes, facts: dict[str, Any]) -> bytes:
    """Return a `.tflite` file with facts inside, in place of those that it had.

    Args:
        content: Bytes of the file.
        facts: Plain JSON values, with `name` and `family`.
    """
    model = without_archive(content)
    if _METADATA not in model:
        model = _with_buffer(model, _METADATA, _model_metadata(facts))
    file = io.BytesIO(model)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        # A fixed date, so that equal facts make equal files.
        archive.writestr(zipfile.ZipInfo(FACTS), json.dumps(facts, ensure_ascii=False), zipfile.ZIP_DEFLATED)
    return file.getvalue()


def embedded_facts(content: bytes, name: str | Path = "The .tflite file") -> dict[str, Any]:
    """Return the facts inside a `.tflite` file, with the number of their format.

    Args:
        content: Bytes of the file.
        name: Name of the file, for messages.

    Raises:
        NewerFormatError: If a newer kerasae wrote them.
        ValueError: If there are none.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            facts: dict[str, Any] = json.loads(archive.read(FACTS))
    except (zipfile.BadZipFile, KeyError, ValueError):
        raise ValueError(f"Expected a .tflite file with {FACTS} inside, received one without.") from None
    unnumbered(facts, FACTS_FORMAT, name)
    return facts


def without_archive(content: bytes) -> bytes:
    """Return a `.tflite` file without the archive behind the FlatBuffer."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return content[: min(one.header_offset for one in archive.infolist())]
    except (zipfile.BadZipFile, ValueError):
        return content


def _model_metadata(facts: dict[str, Any]) -> bytes:
    """Return a `ModelMetadata` that lists the associated file."""
    import flatbuffers

    builder = flatbuffers.Builder(256)
    texts = {
        "name": facts["name"],
        "description": f"{facts['family']} of kerasae; {FACTS} describes its inputs and outputs",
        "file": FACTS,
        "what": "Kind, columns, categories, vocabulary, units and detector, as JSON",
        "parser": "1.0.0",
    }
    at = {key: builder.CreateString(text) for key, text in texts.items()}
    builder.StartObject(5)  # AssociatedFile: name, description, type, locale, version
    builder.PrependUOffsetTRelativeSlot(0, at["file"], 0)
    builder.PrependUOffsetTRelativeSlot(1, at["what"], 0)
    file = builder.EndObject()
    builder.StartVector(4, 1, 4)
    builder.PrependUOffsetTRelative(file)
    files = builder.EndVector()
    # ModelMetadata: name, description, version, subgraphs, author, license, associated files, parser version
    builder.StartObject(8)
    for slot, offset in ((0, at["name"]), (1, at["description"]), (6, files), (7, at["parser"])):
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    builder.Finish(builder.EndObject(), file_identifier=b"M001")
    return bytes(builder.Output())


def _with_buffer(content: bytes, name: bytes, data: bytes) -> bytes:
    """Return a model with one more entry of `metadata` and its buffer.

    A new root stands before the old bytes, which stay as they are but for
    the places of data behind the FlatBuffer: a FlatBuffer refers forward, and a file
    that is written anew would lose the alignment of the weights.

    Raises:
        ValueError: If the bytes are no TFLite model.
    """
    if content[4:8] != _IDENTIFIER:
        raise ValueError("Expected the bytes of a TFLite model, received others.")
    (root,) = struct.unpack_from("<I", content, 0)
    vtable = root - struct.unpack_from("<i", content, root)[0]
    (size,) = struct.unpack_from("<H", content, vtable)
    places = struct.unpack_from(f"<{size // 2 - 2}H", content, vtable + 4)
    fields = {i: root + place for i, place in enumerate(places) if place}
    count = max(len(places), _LIST + 1)

    def target(at: int) -> int:
        return at + int(struct.unpack_from("<I", content, at)[0])

    def listed(field: int) -> list[int]:
        if field not in fields:
            return []
        start = target(fields[field])
        (length,) = struct.unpack_from("<I", content, start)
        return [target(start + 4 + 4 * i) for i in range(length)]

    buffers, entries = listed(_BUFFERS), listed(_LIST)
    # The parts of the new block in order, with their places.
    model = _up(8 + 4 + 2 * count, 4)
    new_buffers = model + 4 + 4 * count
    new_entries = new_buffers + 4 + 4 * (len(buffers) + 1)
    entry = new_entries + 4 + 4 * (len(entries) + 1) + 8
    text = entry + 12
    buffer = _up(text + 4 + len(name) + 1, 4) + 8
    vector = _up(buffer + 8 + 4, _ALIGNED) - 4
    block = bytearray(_up(vector + 4 + len(data), _ALIGNED))
    shift = len(block)

    def put(at: int, form: str, *values: int) -> None:
        struct.pack_into(f"<{form}", block, at, *values)

    put(0, "I4s", model, _IDENTIFIER)  # type: ignore[arg-type]
    moved = {_BUFFERS: new_buffers, _LIST: new_entries}
    put(8, "HH", 4 + 2 * count, 4 + 4 * count)
    put(model, "i", model - 8)
    for i in range(count):
        slot = model + 4 + 4 * i
        if i not in fields and i not in moved:
            continue
        put(8 + 4 + 2 * i, "H", slot - model)
        if i == _VERSION:
            put(slot, "I", *struct.unpack_from("<I", content, fields[i]))
        else:
            put(slot, "I", (moved[i] if i in moved else shift + target(fields[i])) - slot)
    for start, old, last in ((new_buffers, buffers, buffer), (new_entries, entries, entry)):
        put(start, "I", len(old) + 1)
        for i, at in enumerate([*(shift + one for one in old), last]):
            put(start + 4 + 4 * i, "I", at - (start + 4 + 4 * i))
    put(entry - 8, "HHHH", 8, 12, 4, 8)
    put(entry, "iII", 8, text - (entry + 4), len(buffers))
    put(text, f"I{len(name)}s", len(name), name)  # type: ignore[arg-type]
    put(buffer - 8, "HHH", 6, 8, 4)
    put(buffer, "iI", 8, vector - (buffer + 4))
    put(vector, f"I{len(data)}s", len(data), data)  # type: ignore[arg-type]
    return bytes(block) + _moved(content, buffers, shift)


def _moved(content: bytes, buffers: list[int], shift: int) -> bytes:
    """Return the bytes of a model with the places of data behind the FlatBuffer moved by `shift`.

    A file in float16 has its weights there, and a buffer holds their distance from the beginning of the file.
    """
    changed = bytearray(content)
    for at in buffers:
        vtable = at - struct.unpack_from("<i", content, at)[0]
        (size,) = struct.unpack_from("<H", content, vtable)
        slot = 4 + 2 * _PLACE
        place = struct.unpack_from("<H", content, vtable + slot)[0] if size > slot else 0
        # 0 and 1 say that the data are inside.
        if place and (offset := struct.unpack_from("<Q", content, at + place)[0]) > 1:
            struct.pack_into("<Q", changed, at + place, offset + shift)
    return bytes(changed)


def _up(place: int, step: int) -> int:
    return -(-place // step) * step
