"""The one decoder of image files, held against Pillow; it runs in a graph, as a server runs it."""

import functools
import io
import struct

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from kerasae.data._image_headers import examined
from kerasae.data._skipping import Skipped
from kerasae.image_decoding import (
    NO_IMAGE,
    TOO_DEEP,
    TRANSPARENT,
    decode_image,
    decode_plain,
    find_orientation,
    refusal,
)
from kerasae.image_decoding.exif import orientation

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (6, 9, 4)).astype("uint8")
PIXELS[..., 3] = 255
#: A smooth image: JPEG keeps no noise.
SMOOTH = np.stack([np.add.outer(7 * np.arange(16), 5 * np.arange(24)) + shift for shift in (0, 20, 5)], -1)


def saved(image, kind="PNG", **options):
    with io.BytesIO() as file:
        image.save(file, kind, **options)
        return file.getvalue()


@functools.cache
def graph_for(shape):
    return tf.function(
        lambda content: decode_image(content, shape), input_signature=[tf.TensorSpec((), tf.string)]
    )


def decoded(content, shape):
    """Decoded in a graph, whose inputs are no constants."""
    return graph_for(shape)(tf.constant(content)).numpy()


def by_pillow(content, channels):
    with Image.open(io.BytesIO(content)) as image:
        found = np.asarray(ImageOps.exif_transpose(image.convert({1: "L", 3: "RGB", 4: "RGBA"}[channels])))
    return found.reshape(*found.shape[:2], channels)


def noted(number, big=False):
    exif = Image.Exif()
    exif.endian = ">" if big else "<"
    exif[0x010F] = "a camera"
    exif[0x0112] = number
    exif[0x0132] = "2024:02:24 10:11:12"
    return exif


RGB = Image.fromarray(PIXELS[..., :3])
PNGS = {
    "colour": saved(RGB),
    "grey": saved(Image.fromarray(PIXELS[..., 0])),
    "one bit": saved(Image.fromarray(PIXELS[..., 0] > 127)),
    "palette": saved(RGB.quantize(200)),
    "palette of two bits": saved(RGB.quantize(4)),
    "grey, opaque alpha": saved(Image.fromarray(PIXELS[..., 2:], "LA")),
    "colour, opaque alpha": saved(Image.fromarray(PIXELS)),
    "palette, opaque alpha": saved(RGB.quantize(9), transparency=bytes([255] * 9)),
}
JPEGS = {
    mode: saved(Image.fromarray(SMOOTH.astype("uint8")).convert(mode), "JPEG", quality=98, subsampling=0)
    for mode in ("L", "RGB", "CMYK")
}
HALF = PIXELS.copy()
HALF[0, 0, 3] = 254
TRANSPARENT_FILES = {
    "colour": saved(Image.fromarray(HALF)),
    "grey": saved(Image.fromarray(HALF[..., 2:], "LA")),
    "palette": saved(RGB.quantize(9), transparency=bytes([254] * 9)),
    "colour key": saved(RGB, transparency=tuple(PIXELS[2, 2, :3].tolist())),
}
DEEP = {
    "grey": saved(Image.fromarray(RNG.integers(0, 190, (6, 9)).astype("uint16"))),
    "colour": bytes(tf.io.encode_png(RNG.integers(0, 2**16, (6, 9, 3)).astype("uint16")).numpy()),
    "grey with alpha": bytes(tf.io.encode_png(RNG.integers(0, 2**16, (6, 9, 2)).astype("uint16")).numpy()),
}


@pytest.mark.parametrize("name", PNGS)
def test_every_mode_of_png_has_the_pixels_that_pillow_reads(name):
    for channels in (1, 3, 4):
        found = decoded(PNGS[name], (6, 9, channels)).astype(int)
        # Pillow cuts a grey value that this decoder rounds.
        assert np.abs(found - by_pillow(PNGS[name], channels)).max() <= (channels == 1)
    assert not refusal(PNGS[name], transparent=True)


@pytest.mark.parametrize("mode", JPEGS)
def test_every_mode_of_jpeg_has_the_pixels_that_pillow_reads(mode):
    for channels in (1, 3):
        found = decoded(JPEGS[mode], (16, 24, channels)).astype(int)
        # TensorFlow takes the quick transform, Pillow the exact one.
        assert np.abs(found - by_pillow(JPEGS[mode], channels)).max() <= 6


def test_files_that_are_decoded_the_short_way_have_the_same_pixels(tmp_path):
    noise = saved(Image.fromarray(PIXELS[..., :3]), "JPEG", quality=60)
    few = Image.fromarray(PIXELS[..., 0] // 16, "L")
    contents = {**PNGS, **JPEGS, "subsampled": noise, "four bits": saved(few, bits=4)}
    contents |= {f"transparent {name}": content for name, content in TRANSPARENT_FILES.items()}
    contents |= {"turned": saved(RGB, exif=noted(6)), "turned photo": saved(RGB, "JPEG", exif=noted(3))}
    contents["grey key"] = saved(Image.fromarray(PIXELS[..., 0]), transparency=int(PIXELS[1, 1, 0]))
    contents["deep"] = DEEP["grey"]
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    headers = dict(examined(tmp_path, sorted(contents), Skipped("raise"), plain=False))
    plain = {name for name, header in headers.items() if header.plain}
    assert headers.keys() == contents.keys()
    assert plain == {"colour", "grey", "L", "RGB", "subsampled", "four bits"}
    for name in plain:
        shape = (headers[name].height, headers[name].width, 3 if headers[name].colour else 1)
        found = decode_plain(contents[name], shape)
        np.testing.assert_array_equal(found, decode_image(contents[name], shape), err_msg=name)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("number", [*range(1, 9), 0, 9])
def test_every_orientation_is_turned_upright(kind, big, number):
    content = saved(Image.fromarray(SMOOTH.astype("uint8")), kind, exif=noted(number, big))
    assert find_orientation(content) == (number if number in range(1, 9) else 1)
    expected = by_pillow(content, 3).astype(int)
    found = decoded(content, expected.shape)
    assert np.abs(found - expected).max() <= (6 if kind == "JPEG" else 0)


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + b"\0\0\0\0"


def test_exif_is_found_wherever_it_may_stand():
    exif = noted(6).tobytes()
    image = PNGS["colour"]
    behind = image[:-12] + chunk(b"eXIf", exif.removeprefix(b"Exif\0\0")) + image[-12:]
    jpeg = JPEGS["RGB"]
    app1 = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    xmp = b"\xff\xe1" + struct.pack(">H", 40) + b"http://ns.adobe.com/xap/1.0/\0".ljust(38, b" ")
    for content in (behind, jpeg[:2] + xmp + app1 + jpeg[2:], jpeg[:2] + b"\xff\xff" + app1 + jpeg[2:]):
        assert find_orientation(content) == 6
    assert find_orientation(jpeg) == find_orientation(image) == 1
    # Behind many parts as encoders write them, and no further: a file of empty ones holds up no server.
    png = [image[:33], image[33:-12], chunk(b"eXIf", exif.removeprefix(b"Exif\0\0")), image[-12:]]
    for size, count, number in ((4096, 300, 6), (0, 60, 6), (0, 5000, 1)):
        data = chunk(b"teXt", b"\0" * size) * count
        assert find_orientation(b"".join([*png[:2], data, *png[2:]])) == number
        comment = b"\xff\xfe" + struct.pack(">H", 2 + size) + b"\0" * size
        assert find_orientation(jpeg[:2] + comment * count + app1 + jpeg[2:]) == number
    assert find_orientation(jpeg[:2] + b"\xff" * 20_000 + app1 + jpeg[2:]) == 1
    # What looks like EXIF inside the image itself is none.
    assert find_orientation(jpeg + app1) == 1


@settings(max_examples=60, deadline=None)
@given(
    content=st.sampled_from([saved(RGB, exif=noted(6)), saved(RGB, "JPEG", exif=noted(8, big=True)), b""]),
    place=st.floats(0, 1),
    damage=st.binary(max_size=40),
)
def test_damaged_exif_is_none_or_another_number_and_never_an_error(content, place, damage):
    start = int(place * len(content))
    for spoilt in (content[:start] + damage + content[start + len(damage) :], content[:start], damage):
        assert 1 <= int(orientation(tf.constant(spoilt))) <= 8


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (TRANSPARENT_FILES, TRANSPARENT),
        (DEEP, TOO_DEEP),
        ({"bmp": saved(RGB, "BMP"), "empty": b""}, NO_IMAGE),
    ],
    ids=["transparent", "deep", "other"],
)
def test_what_would_lose_its_content_is_refused_alike_before_and_in_a_graph(files, reason):
    for content in files.values():
        assert refusal(content, transparent=True) == reason
        with pytest.raises(tf.errors.InvalidArgumentError, match=reason[:40]):
            decoded(content, (6, 9, 3))


def test_four_channels_keep_their_alpha():
    np.testing.assert_array_equal(decoded(TRANSPARENT_FILES["colour"], (6, 9, 4)), HALF)
