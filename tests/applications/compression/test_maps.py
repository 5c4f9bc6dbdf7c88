"""Codes that are maps in a file: what is written is read, a part of it is a coarse picture."""

import dataclasses
import zlib

import numpy as np
import pytest
from PIL import Image

from kerasae import Recipe, registry
from kerasae.applications import Compression
from kerasae.applications.compression._maps import file as map_file
from kerasae.applications.compression._maps import reading
from kerasae.applications.compression._maps import report as map_report
from kerasae.applications.compression._maps.block_pca import BlockPCA
from kerasae.applications.compression._maps.contexts import CONTEXTS, prior, shift
from kerasae.applications.compression._maps.curves import block_curve, file_curve, rate_at
from kerasae.applications.compression._maps.images import code_of
from kerasae.applications.compression._maps.places import CODED, Places
from kerasae.applications.compression._maps.quantiser import MapRanges
from kerasae.data import NO_ROWS, Data, Split, array_spec
from kerasae.models import mapped, unmapped
from kerasae.preprocessing.rescaling import Rescaling
from kerasae.runs import run_recipe
from kerasae.workflows import apply

MARK = bytes(range(8))
SIZES = [(1, 1), (8, 8), (3, 97), (97, 65), (16, 5)]


#: A code that starts as the cosines of squares, and a decoder of rounded codes.
PLAIN = {"code_steps": [0.1, 0.3], "code_initializer": "identity"}


def content(symbols, **changes):
    numbers = symbols[0].shape[-1]
    sizes = tuple((4 * rows - 1, 4 * columns) for rows, columns, _ in (each.shape for each in symbols))
    plain = {"shape": (8, 8, 1), "mark": MARK, "shifts": (7, 3)}
    steps, offsets = np.arange(numbers) + 120, np.arange(numbers) - 2
    return map_file.Maps(symbols, sizes, 4, **plain, steps=steps, offsets=offsets, **changes)


def drawn(spread, seed=0, numbers=6):
    rng = np.random.default_rng(seed)
    shapes = [(1, 1), (7, 1), (1, 9), (12, 17), (30, 23)]
    scale = spread / 2.0 ** np.arange(numbers)
    return [np.rint(scale * rng.standard_t(2, (*shape, numbers))).astype("int64") for shape in shapes]


# The file ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("spread", [0.0, 0.2, 3.0, 90.0, 1e5])
@pytest.mark.parametrize("names", [(), tuple("abcde")])
def test_what_is_written_is_read(spread, names):
    maps = content(drawn(spread), names=names)
    data, bits = map_file.written(maps)
    found = reading.read(data, MARK)
    for each, one in zip(found.symbols, maps.symbols, strict=True):
        np.testing.assert_array_equal(each, one)
    for each, one in zip(found.codes, maps.codes, strict=True):
        np.testing.assert_array_equal(each, one)
    assert (found.sizes, found.names, found.shape, found.whole) == (maps.sizes, names, (8, 8, 1), 1)
    parts = reading.sizes(data)
    assert sum(parts.values()) == len(data)
    # Escaped symbols are not counted, and each layer ends with a word or two.
    if spread < 10:
        assert bits.sum() / 8 == pytest.approx(parts["symbols"], rel=0.05, abs=100)


def test_symbols_of_one_scale_take_little_more_than_their_entropy():
    rng = np.random.default_rng(0)
    symbols = np.rint(rng.laplace(size=(64, 64, 4))).astype("int64")
    shares = np.unique(symbols, return_counts=True)[1] / symbols.size
    ideal = -symbols.size * float(np.sum(shares * np.log2(shares))) / 8
    written = len(map_file.write(content([symbols])))
    assert ideal < written < 1.03 * ideal + 100


def test_neighbours_and_channels_before_save_bits():
    """Places that are busy are busy together, and in all channels."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:48, :48]
    busy = 8.0 ** np.sin(rows / 7 + np.cos(columns / 9))[..., None]
    symbols = np.rint(busy * rng.laplace(size=(48, 48, 4))).astype("int64")
    mixed = rng.permuted(symbols.reshape(-1, 4), axis=0).reshape(symbols.shape)
    lengths = [len(map_file.write(content([each]))) for each in (symbols, mixed)]
    assert lengths[0] < 0.88 * lengths[1]
    smooth = np.cumsum(rng.integers(-1, 2, (48, 48, 1)), axis=1) + 40
    # Without a prediction each of the 2,304 symbols, from 20 to 60, takes five bits.
    assert len(map_file.write(content([smooth]))) < 0.55 * 5 * 2304 / 8


def test_channels_of_zeros_cost_nearly_nothing():
    symbols = drawn(3.0)
    wider = [np.concatenate([each, np.zeros((*each.shape[:2], 200), "int64")], axis=2) for each in symbols]
    lengths = [
        reading.sizes(
            map_file.write(
                dataclasses.replace(content(each), steps=np.full(n, 128), offsets=np.zeros(n, int))
            )
        )
        for each, n in ((symbols, 6), (wider, 206))
    ]
    assert sum(lengths[1].values()) - sum(lengths[0].values()) < 12


def test_every_byte_counts():
    data = map_file.write(content(drawn(2.0), names=tuple("abcde")))
    for place in range(5, len(data), 3):
        damaged = bytearray(data)
        damaged[place] ^= 0x41
        with pytest.raises(ValueError, match=r"checksum of the file is wrong"):
            reading.read(bytes(damaged), MARK)
    for end in range(5, len(data), 7):
        with pytest.raises(ValueError, match=r"checksum of the file is wrong.*`partial`"):
            reading.read(data[:end], MARK)
    with pytest.raises(ValueError, match="only that one decodes it"):
        reading.read(data, MARK[::-1])


def test_a_damaged_file_never_comes_back_whole():
    """With a checksum that fits, each change is found by the checksum of the head or of a layer."""
    maps = content(drawn(2.0))
    body = map_file.write(maps)[:-4]
    rng = np.random.default_rng(0)
    for place in range(13, len(body), 3):
        damaged = bytearray(body)
        damaged[place] ^= int(rng.integers(1, 256))
        changed = bytes(damaged)
        with pytest.raises(ValueError, match=r"contradicts itself|too little of it"):
            reading.read(changed + zlib.crc32(changed).to_bytes(4, "little"), MARK)


def test_a_part_of_a_file_holds_the_most_important_channels():
    maps = content(drawn(40.0, numbers=12))
    data = map_file.write(maps)
    shares, errors = [], []
    for end in np.linspace(len(data) // 4, len(data), 8).astype(int):
        found = reading.read(data[:end], MARK, partial=True)
        shares.append(found.whole)
        gaps = [a - b for a, b in zip(found.symbols, maps.symbols, strict=True)]
        errors.append(sum(float(np.square(gap).sum()) for gap in gaps))
    assert shares == sorted(shares) and shares[-1] == 1
    assert errors == sorted(errors, reverse=True) and errors[-1] == 0
    assert len(set(errors)) > 4
    with pytest.raises(ValueError, match="received too little of it"):
        reading.read(data[:20], MARK, partial=True)


def test_neighbours_are_coded_before_a_place():
    places = Places.of([(5, 7), (1, 3), (4, 1)])
    order = places.parted(np.arange(len(places))[None])
    for wave in places.waves:
        inside = places.coded[:, wave] < len(places)
        assert (places.coded[:, wave][inside] < wave.start).all()
    # The neighbours of one place, by hand.
    here = int(order[0][2, 3, 0])
    np.testing.assert_array_equal(
        places.coded[:, here], [int(order[0][2 + down, 3 + right, 0]) for down, right in CODED]
    )


def test_distributions_before_any_symbol_have_room_for_all():
    counts = prior()
    assert (counts >= 1).all() and (counts == np.rint(counts)).all()
    assert len(counts) == CONTEXTS and (np.diff(shift(np.arange(CONTEXTS))) >= 0).all()


# Images ------------------------------------------------------------------------------------------


def photo(number, height, width, channels=1):
    rows, columns = np.mgrid[:height, :width]
    waves = np.sin(rows * np.cos(number) / 2 + columns * np.sin(number) / 2)[..., None]
    return np.round(127.5 + 90 * waves * np.linspace(0.3, 1, channels)).astype("uint8")


def data_of(channels):
    crops = np.stack([photo(number, 8, 8, channels) for number in range(40)])
    spec = dataclasses.replace(array_spec(crops), low=0.0, high=255.0)
    data = Data("crops", spec, Split(crops[:30]), Split(crops[30:35]), Split(crops[35:]))
    return data.with_preprocessor(Rescaling(spec).fit(crops))


@pytest.mark.parametrize(("family", "channels"), zip(registry.names("model"), [1, 2, 3, 4, 1], strict=True))
def test_images_of_any_size_come_back_in_their_sizes(family, channels):
    data = data_of(channels)
    arguments = {"probes": 1} if family == "contractive" else {}
    network = {"name": "spatial", "filters": [4, 4], "residual_blocks": 0}
    model = Recipe.of(family, latent_dim=3, model=arguments, network=network).build(data)
    compression = Compression(model, bits=5).fit(data)
    images = [photo(number, *size, channels) for number, size in enumerate(SIZES)]
    packed = compression.compress(images)
    back = Compression(model).decompress(packed)
    assert [each.shape for each in back] == [each.shape for each in images]
    quantiser = compression.quantiser_
    for image, each in zip(images, back, strict=True):
        symbols = quantiser.symbols(code_of(model, image))
        maps = reading.read(packed, bytes.fromhex(packed[5:13].hex()))
        shifts = maps.shifts
        expected = map_file.dequantised(symbols, quantiser.steps, quantiser.offsets, shifts)
        np.testing.assert_array_equal(each, unmapped(model, expected, *image.shape[:2]))
    again = Compression(model).decompress(packed)
    assert all(np.array_equal(one, two) for one, two in zip(back, again, strict=True))


def test_rounded_numbers_are_moved_towards_zero_by_hand():
    """By 64 of 128 parts of a step for 1 and -1, and by 32 for all others."""
    symbols = np.array([[1, -3], [0, -1]])
    found = map_file.dequantised(symbols, map_file.level_of(np.ones(2)), np.zeros(2), (64, 32))
    np.testing.assert_allclose(found, [[0.5, -2.75], [0.0, -0.5]])


def test_steps_of_channels_change_the_image_alike():
    data = data_of(1)
    pca = BlockPCA(4).fit(data)
    x = data.to_x(data.train.examples)
    codes = pca.mapped(x)
    np.testing.assert_allclose(pca.decode(codes.reshape(len(codes), -1)), x, atol=1e-5)
    ranges = MapRanges.of(pca, codes.reshape(len(codes), -1), pca.numbers)
    # The components are orthonormal: a step of a channel in each block of 16 pixels changes a quarter.
    live = np.isfinite(ranges.units) & (codes.std(axis=(0, 1, 2)) > 1e-3)
    np.testing.assert_allclose(ranges.units[live], 4.0, rtol=1e-3)


def test_an_image_is_continued_without_an_edge():
    """A constant image of any size has one number for each square, as one of whole squares has."""
    code = code_of(small(), np.full((13, 6, 1), 200, "uint8"))
    assert code.shape == (4, 2, 16)
    np.testing.assert_allclose(code[..., 1:], 0, atol=1e-5)
    np.testing.assert_allclose(code[..., 0], code[0, 0, 0], rtol=1e-5)


def test_a_decoder_of_rounded_codes_is_given_multiples_of_one_step():
    data = data_of(1)
    model = small()
    compression = Compression(model, step=0.05).fit(data)
    quantiser = compression.quantiser_
    codes = mapped(model, photo(3, 16, 24))
    symbols = quantiser.symbols(codes)
    assert quantiser.shifts([codes], [symbols]) == (0, 0)
    found = quantiser.codes(symbols)
    # A transform that keeps lengths: 0.05 of a pixel is 0.2 of one of the 16 numbers of a square.
    live = np.abs(codes).max(axis=(0, 1)) > 0.2
    step = np.abs(found[found != 0]).min()
    assert step == pytest.approx(0.2, rel=0.1)
    np.testing.assert_allclose(found[..., live] / step, np.round(found[..., live] / step), atol=1e-4)


def test_photographs_by_jpeg_and_by_pca_of_blocks():
    data = data_of(1)
    images = [photo(number, 40, 56) for number in range(3)]
    for points in (file_curve("JPEG", images, data), block_curve(4, images, data)):
        ratios, rates = [point.psnr for point in points], [point.rate for point in points]
        assert ratios == sorted(ratios) and rates == sorted(rates)
        middle = points[2]
        assert rate_at(points, middle.psnr) == pytest.approx(middle.rate)
    assert file_curve("JPEG", [photo(1, 8, 8, 2)], data) == []


def small(family="undercomplete", model=None):
    network = {"name": "spatial", "filters": [4, 4], "residual_blocks": 0, "shortcut": "cosines"}
    return Recipe.of(family, latent_dim=16, model=model or PLAIN, network=network).build(data_of(1))


def test_a_sparse_code_of_one_size_is_a_vector():
    """The k largest numbers of a whole code belong to one size."""
    data = data_of(1)
    model = small("sparse", model={"k": 2})
    compression = Compression(model, bits=5).fit(data)
    raw = data.test.examples
    assert compression.decompress(compression.compress(raw)).shape == raw.shape
    packed = Compression(small(), bits=5).fit(data).compress(raw)
    with pytest.raises(ValueError, match="received a codec of one size; name the run, not its artifact"):
        compression.decompress(packed)


@pytest.mark.parametrize("lost", [1, 4, 5])
def test_a_file_that_lost_its_last_bytes_is_restored(lost, tmp_path):
    data = data_of(1)
    model = small()
    packed = Compression(model, bits=5).fit(data).compress(data.test.examples)
    (tmp_path / "cut.kae").write_bytes(packed[:-lost])
    restoring = Compression(model, partial=True)
    found = restoring.restore(tmp_path / "cut.kae", tmp_path / "out")
    assert len([*(tmp_path / "out/restored").iterdir()]) == len(data.test)
    assert not found.listings
    with pytest.raises(ValueError, match=r"is wrong.*`partial` \(--partial true\) restores what is left"):
        Compression(model).restore(tmp_path / "cut.kae", tmp_path / "other")


def test_names_of_images_keep_their_folders(tmp_path):
    images = [photo(number, 9, 7) for number in range(5)]
    names = ["cats/1.png", "dogs/1.png", "../../dogs/1.png", "caf\udce9.png", "dogs/1.png-2"]
    compression = Compression(small(), bits=5).fit(data_of(1))
    packed = compression.compress(images, names)
    assert reading.read(packed, packed[5:13]).names == tuple(names)
    (tmp_path / "a.kae").write_bytes(packed)
    compression.restore(tmp_path / "a.kae", tmp_path / "out")
    found = {path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*.png")}
    folders = {path.parts[1] for path in found if len(path.parts) > 2}
    assert len(found) == 5 and folders == {"cats", "dogs"}
    with pytest.raises(ValueError, match="Expected a name for each of 5 images, received 2"):
        compression.compress(images, names[:2])
    with pytest.raises(ValueError, match="Expected names of at most 1,024 bytes each"):
        compression.compress(images, ["n" * 9000] * 5)


def test_what_one_file_cannot_hold_is_refused_before_it_is_encoded():
    compression = Compression(small(), bits=5).fit(data_of(1))
    vast = np.broadcast_to(np.uint8(0), (2**14, 2**14, 1))
    with pytest.raises(ValueError, match=r"at most 67.1 megapixels in all for one file, received 1 with 268"):
        compression.compress([vast])


def test_images_without_a_stated_range_keep_their_values(tmp_path):
    raw = np.stack([16 * photo(number, 8, 8).astype("uint16") for number in range(40)])
    spec = array_spec(raw)
    assert spec.high is None
    data = Data("maps", spec, Split(raw[:30]), Split(raw[30:35]), Split(raw[35:]))
    data = data.with_preprocessor(Rescaling(spec).fit(raw))
    network = {"name": "spatial", "filters": [4, 4], "residual_blocks": 0, "shortcut": "cosines"}
    model = Recipe.of(latent_dim=16, model=PLAIN, network=network).build(data)
    compression = Compression(model, step=0.003).fit(data)
    found = compression.report(data, tmp_path)
    psnr = next(metric.value for metric in found.metrics if metric.key == "psnr")
    assert psnr > 40
    (tmp_path / "back").mkdir()
    compression.restore(tmp_path / "compressed.kae", tmp_path / "back")
    with np.load(tmp_path / "back/restored.npz") as stored:
        made = np.stack([stored[f"arr_{number}"] for number in range(5)])
    assert made.dtype == np.uint16
    assert np.abs(made.astype(float) - raw[35:]).max() < 200
    shown = np.asarray(Image.open(tmp_path / "back/restored/000000.png"))
    assert shown.min() < 40 and shown.max() > 215


def test_a_folder_of_images_of_one_size_is_compressed(tmp_path):
    for number in range(20):
        folder = tmp_path / "pictures" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo(number, 8, 8)[..., 0]).save(folder / f"{number // 2}.png")
    network = {"name": "spatial", "filters": [4, 4], "residual_blocks": 0}
    recipe = Recipe.of(source=f"images:{tmp_path / 'pictures'}", latent_dim=3, network=network)
    data = recipe.load()
    compression = Compression(recipe.build(data), bits=5).fit(data)
    images, names = map_report.images_of(data)
    assert len(images) == len(names) == len({*names}) and all("/" in name for name in names)
    packed = compression.compress(images, names)
    assert reading.read(packed, packed[5:13]).names == tuple(names)


def test_a_format_that_cannot_hold_an_image_has_no_curve():
    data = data_of(1)
    assert file_curve("WEBP", [photo(1, 1, 16_384)], data) == []


def test_notes_are_of_the_curves_and_the_rows_there_are(tmp_path):
    compression, data = Compression(small(), bits=5).fit(data_of(1)), data_of(1)
    known, bare = (" ".join(compression.report(rows, tmp_path).notes) for rows in (data, without(data)))
    assert "PCA of blocks in the curve has" in known and "--refit" not in known
    assert "The curve of PCA is left out" in bare and "PCA of blocks" not in bare
    assert (
        "the model and PCA's components and an image library." in known and "the model and an image" in bare
    )
    # Notes on baselines are for those who measured some.
    assert "baselines" not in known + bare
    assert "compress the examples as vectors" in compression.notes_on_baselines(data)[0]
    crops = dataclasses.replace(data, test=CropsOf(data.test.examples))
    assert "compress the crops of the examples as vectors" in compression.notes_on_baselines(crops)[0]


class CropsOf(Split):
    """Crops of images, such as those of photographs."""

    def whole(self):
        return Split(np.concatenate([self.examples] * 2, axis=1))


def without(data):
    """The data of a stored application, of which only the examples are read."""
    return dataclasses.replace(data, train=NO_ROWS, validation=NO_ROWS)


# The command -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_photos_are_compressed_whole_and_a_part_is_a_coarse_picture(tmp_path):
    (tmp_path / "photos").mkdir()
    sizes = [(20, 33), (16, 16), (9, 40), (31, 18), (24, 25)] * 3
    for number, size in enumerate(sizes):
        Image.fromarray(photo(number, *size)[..., 0]).save(tmp_path / "photos" / f"{number:02}.png")
    small = {"filters": [16], "residual_blocks": 1, "strides": 4, "shortcut": "cosines"}
    recipe = Recipe.of(
        source=f"photos:{tmp_path / 'photos'}",
        latent_dim=16,
        data={"crop": 8, "test": 0.5},
        model={"code_steps": [0.02, 0.1], "code_initializer": "identity"},
        network={"name": "spatial", **small},
        train={"epochs": 5, "batch_size": 16},
    )
    run_recipe(recipe, tmp_path / "run")
    outcome = apply("compression", tmp_path / "run", tmp_path / "out", step=0.004)
    noted = [note for note in next(iter(outcome.findings.values())).notes if "baselines" in note]
    assert len(noted) == 1 and "the crops of the examples" in noted[0]
    path = tmp_path / "out" / "compressed.kae"
    figures = next(iter(outcome.findings.values())).figures
    assert figures["bytes"] == path.stat().st_size
    apply("compression", tmp_path / "run", tmp_path / "back", source=str(path))
    back = Compression.decompress_file(path, tmp_path / "run")
    names = sorted(each.name for each in (tmp_path / "back/restored").iterdir())
    shown = [np.asarray(Image.open(tmp_path / "back/restored" / name)) for name in names]
    for one, image, name in zip(shown, back, names, strict=True):
        np.testing.assert_array_equal(one, image[..., 0])
        assert one.shape == np.asarray(Image.open(tmp_path / "photos" / name)).shape
    truth = [np.asarray(Image.open(tmp_path / "photos" / name), "float64") for name in names]
    data, ratios = path.read_bytes(), []
    for share in (0.4, 0.7, 1.0):
        (tmp_path / "cut.kae").write_bytes(data[: int(share * len(data))])
        folder = tmp_path / f"cut{share}"
        apply("compression", tmp_path / "run", folder, source=str(tmp_path / "cut.kae"), partial=True)
        images = [np.asarray(Image.open(folder / "restored" / name), "float64") for name in names]
        ratios.append(np.mean([np.mean((a - b) ** 2) for a, b in zip(images, truth, strict=True)]))
    assert ratios[0] > ratios[1] > ratios[2]
    (tmp_path / "cut.kae").write_bytes(data[:-9])
    with pytest.raises(ValueError, match=r"checksum of .*cut\.kae"):
        apply("compression", tmp_path / "run", tmp_path / "none", source=str(tmp_path / "cut.kae"))
