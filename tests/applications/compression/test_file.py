"""The compressed file: what is written is read, every byte counts, and the model is known."""

import tracemalloc
import zlib

import numpy as np
import pytest

import kerasae
from kerasae.applications import Compression
from kerasae.applications.compression import _bitstream as bitstream
from kerasae.applications.compression._bytes import as_varint
from kerasae.baselines import PCA
from kerasae.codec import fingerprint

MARK = bytes(range(8))


def content(symbols, **changes):
    width = symbols.shape[1]
    scales = np.full(width, 0.5, "float32"), np.zeros(width, "float32")
    return bitstream.Content(symbols, *scales, **{"shape": (8, 8, 1), "mark": MARK, **changes})


# The file ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 2, 50, 3000])
@pytest.mark.parametrize("spread", [0.0, 0.3, 5.0, 400.0])
def test_what_is_written_is_read(rows, spread):
    rng = np.random.default_rng(0)
    symbols = np.rint(spread * rng.standard_t(3, (rows, 5)) + 90 * rng.normal(size=5)).astype("int64")
    missing = rng.random((rows, 8)) < 0.3
    # Images have no missing cells, so the shape is that of a row of a table.
    data = bitstream.write(content(symbols, missing=missing, shape=(8,)))
    found = bitstream.read(data, MARK)
    np.testing.assert_array_equal(found.symbols, symbols)
    np.testing.assert_array_equal(found.missing, missing)
    np.testing.assert_array_equal(found.codes, 0.5 * symbols.astype("float32"))
    assert found.shape == (8,)
    assert sum(bitstream.sizes(data).values()) == len(data)


def test_a_file_is_as_short_as_the_entropy_of_its_symbols():
    rng = np.random.default_rng(0)
    symbols = np.rint(6.0 * rng.normal(size=(20_000, 4))).astype("int64")
    ideal = 0.0
    for column in symbols.T:
        shares = np.unique(column, return_counts=True)[1] / len(column)
        ideal -= len(column) * float(np.sum(shares * np.log2(shares))) / 8
    written = len(bitstream.write(content(symbols)))
    # Histograms, levels of a quarter of an octave, and the frame.
    assert ideal < written < 1.005 * ideal + 200


def test_few_rows_have_coarse_histograms():
    symbols = np.rint(300 * np.random.default_rng(0).normal(size=(12, 8))).astype("int64")
    flat = 12 * float(np.log2(np.ptp(symbols, axis=0) + 1).sum()) / 8
    # Fine ones would be longer than what they describe: some 12 bins for each dimension.
    assert bitstream.sizes(bitstream.write(content(symbols)))["histograms"] < 70
    assert len(bitstream.write(content(symbols))) < flat + 110


def test_a_dimension_of_one_value_takes_no_bits():
    noise = np.random.default_rng(0).integers(-20, 20, (1000, 1))
    alone = len(bitstream.write(content(noise)))
    wider = len(bitstream.write(content(np.hstack([noise, np.full((1000, 1), 7)]))))
    assert wider - alone <= 6


def test_every_byte_counts(model, digits):
    data = Compression(model, bits=3).fit(digits).compress(digits.test.examples[:20])
    mark = bytes.fromhex(fingerprint(model))[:8]
    for place in range(len(data)):
        for change in (1, 0x80, 0xFF):
            damaged = bytearray(data)
            damaged[place] ^= change
            with pytest.raises(ValueError, match=r"checksum|version|kerasae apply compression") as caught:
                bitstream.read(bytes(damaged), mark)
            assert "\n" not in str(caught.value)
        with pytest.raises(ValueError, match=r"checksum|kerasae apply compression"):
            bitstream.read(data[:place], mark)
    with pytest.raises(ValueError, match="checksum"):
        bitstream.read(data + b"\0", mark)


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (4, r"the file was written by a newer kerasae: format 4, this one reads up to 3; pip install -U"),
        (0, r"Expected version 1 or 2 .* received 0"),
    ],
)
def test_an_unknown_version_is_refused(version, message):
    data = bytearray(bitstream.write(content(np.ones((3, 2), "int64"))))
    data[4] = version
    body = bytes(data[:-4])
    whole = body + zlib.crc32(body).to_bytes(4, "little")
    with pytest.raises(ValueError, match=message):
        bitstream.read(whole, MARK)


@pytest.mark.parametrize("rows", [bitstream.MOST_NUMBERS, bitstream.MOST_NUMBERS + 1, 101_043_055])
def test_a_few_bytes_stand_for_rows_that_memory_has_room_for(rows):
    """Rows of one symbol take no bytes: nothing but the count says how many there are."""
    body = bitstream.write(content(np.full((3, 1), 7, "int64")))[:-4]
    head = body[: 5 + bitstream.MARK]
    body = head + as_varint(rows) + body[len(head) + 1 :]
    data = body + zlib.crc32(body).to_bytes(4, "little")
    if rows > bitstream.MOST_NUMBERS:
        with pytest.raises(ValueError, match=f"contradicts itself: {rows} rows of 1 numbers"):
            bitstream.read(data, MARK)
        return
    tracemalloc.start()
    codes = bitstream.read(data, MARK).codes
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert codes.shape == (rows, 1) and (codes == codes[0]).all()
    # Whole numbers, one dimension of float64 twice, and codes of float32.
    assert most < 30 * rows


def test_another_model_is_refused(model, digits, build):
    data = Compression(model, bits=3).fit(digits).compress(digits.test.examples[:5])
    with pytest.raises(ValueError, match="only that one decodes it"):
        Compression(build("undercomplete")).decompress(data)


def test_too_many_steps_are_refused():
    symbols = np.array([[0], [2**21]])
    with pytest.raises(ValueError, match="take a larger `step`"):
        bitstream.write(content(symbols))


def test_fingerprints_outlive_a_file(run):
    again = kerasae.load_model(run.model_path)
    assert fingerprint(again) == fingerprint(run.model)
    again.get_layer(index=-1)
    weights = again.get_weights()
    weights[0] = weights[0] + 1e-3
    again.set_weights(weights)
    assert fingerprint(again) != fingerprint(run.model)


def test_fingerprints_of_pca(digits):
    assert fingerprint(PCA(3).fit(digits)) == fingerprint(PCA(3).fit(digits))
    assert fingerprint(PCA(3).fit(digits)) != fingerprint(PCA(4).fit(digits))


# Beside others -----------------------------------------------------------------------------------


def test_the_bits_of_the_rows_are_those_of_the_file():
    rng = np.random.default_rng(0)
    symbols = np.rint(rng.normal(size=(500, 3)) * [0.1, 3, 40]).astype("int64")
    data = bitstream.write(content(symbols))
    bits = bitstream.bits_by_row(data, symbols)
    # The coder works in words of 32 bits, and keeps up to two of them.
    assert bits.sum() / 8 == pytest.approx(bitstream.sizes(data)["symbols"], abs=8)
    # A symbol far out is a rare one.
    assert bits[np.abs(symbols[:, 2]).argmax()] > np.median(bits)
