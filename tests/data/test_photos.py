"""Photos: images of any size as crops for a training, and whole for what is made of them."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerasae import Recipe, load_data
from kerasae.data import read_examples
from kerasae.data._drawing import SPLITS
from kerasae.data.photos import WholePhotos
from kerasae.workflows.application.which_rows import of_the_test_split

#: Heights and widths of ten photos; some are smaller than a crop.
SIZES = [(8, 8), (20, 31), (9, 40), (5, 7), (16, 16), (33, 17), (12, 12), (8, 25), (27, 9), (10, 10)]


def ramp(number, height, width):
    """An image whose pixels tell where they are: the row in red, the column in green, the image in blue."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows, columns, np.full_like(rows, number)], axis=-1).astype("uint8")


@pytest.fixture
def folder(tmp_path):
    for number, size in enumerate(SIZES):
        path = tmp_path / "photos" / ("inside", "outside")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(ramp(number, *size)).save(path)
    return tmp_path / "photos"


def test_the_rows_of_a_split_are_a_grid_of_crops(folder):
    data = load_data(folder, crop=8)
    good, words = of_the_test_split(data, len(data.test), "row")
    assert good and f"the {len(data.test)} crops of the test split" in words
    assert data.spec.shape == (8, 8, 3) and data.spec.dtype == "uint8"
    seen = {}
    for split in map(data.split, SPLITS):
        crops = split.examples
        assert len(crops) == len(split) == len(split.names) == len(split.labels)
        for crop, name, label in zip(crops, split.names, split.labels, strict=True):
            number = int(crop[0, 0, 2])
            assert name.startswith(f"{label}/{number}.png at ")
            row, column = map(int, name.split(" at ")[1].split(","))
            assert (crop[0, 0, 0], crop[0, 0, 1]) == (row, column)
            seen.setdefault(number, []).append((row, column))
            height, width = SIZES[number]
            if height >= 8 and width >= 8:
                np.testing.assert_array_equal(
                    crop, ramp(number, *SIZES[number])[row : row + 8, column : column + 8]
                )
    assert {number: len(places) for number, places in seen.items()} == {
        number: max(height // 8, 1) * max(width // 8, 1) for number, (height, width) in enumerate(SIZES)
    }
    # No image lies in two splits.
    owners = [{int(blue) for blue in data.split(name).examples[:, 0, 0, 2]} for name in SPLITS]
    assert sum(map(len, owners)) == len(set().union(*owners)) == len(SIZES)


def test_an_image_smaller_than_a_crop_goes_on_as_in_a_mirror(tmp_path):
    for number in range(4):
        Image.fromarray(ramp(number, 3, 4)).save(tmp_path / f"{number}.png")
    crop = load_data(tmp_path, crop=8, test=1).test.head(1)[0]
    assert crop[:, 0, 0].tolist() == [0, 1, 2, 2, 1, 0, 0, 1]
    assert crop[0, :, 1].tolist() == [0, 1, 2, 3, 3, 2, 1, 0]


@pytest.mark.parametrize(("mirror", "turn", "kinds"), [(False, False, 1), (True, False, 2), (True, True, 8)])
def test_a_training_sees_each_image_from_anywhere_in_every_position(folder, mirror, turn, kinds):
    data = Recipe.of().prepare(load_data(folder, crop=8, mirror=mirror, turn=turn))
    batches, steps, _ = data.training_batches(4)
    ways, corners = set(), set()
    for x in batches.take(40 * steps):
        assert x.shape == (4, 8, 8, 3)
        for crop in np.round(255 * x.numpy()).astype(int):
            height, width = SIZES[crop[0, 0, 2]]
            if min(height, width) < 8:
                continue
            # The steps from pixel to pixel say how the crop was turned.
            ways.add(
                tuple(np.concatenate([crop[1, 0, :2] - crop[0, 0, :2], crop[0, 1, :2] - crop[0, 0, :2]]))
            )
            corners.add((crop[0, 0, 2], crop[..., 0].min(), crop[..., 1].min()))
            assert np.ptp(crop[..., 0]) == np.ptp(crop[..., 1]) == 7 and np.ptp(crop[..., 2]) == 0
    assert len(ways) == kinds
    photos = {number for number, _, _ in corners}
    assert len(corners) > 3 * len(photos) > 3


def test_an_epoch_follows_from_its_seed_and_number(folder):
    data = Recipe.of().prepare(load_data(folder, crop=8))
    first, steps, _ = data.training_batches(3, seed=5)
    whole = [x.numpy() for x in first.take(3 * steps)]
    again, *_ = data.training_batches(3, seed=5, first_epoch=1)
    for one, other in zip(whole[steps:], again.take(2 * steps), strict=True):
        np.testing.assert_array_equal(one, other.numpy())
    other, *_ = data.training_batches(3, seed=6)
    assert any((one != two.numpy()).any() for one, two in zip(whole, other.take(steps), strict=True))


def test_images_that_do_not_fit_into_memory_are_decoded_once_in_an_epoch(folder, monkeypatch):
    data = Recipe.of().prepare(load_data(folder, crop=8))
    files = data.train.files
    object.__setattr__(files, "room", 3000)
    decoded = []
    original = type(files).decoded
    monkeypatch.setattr(
        type(files), "decoded", lambda self, number: decoded.append(number) or original(self, number)
    )
    order = data.train._order(0, 0)
    assert sorted(order) == [*range(len(data.train))]
    data.train._drawn(order, np.random.default_rng(0))
    photos = set(data.train.photos.tolist())
    assert sorted(decoded) == sorted(photos) and files.bytes[[*photos]].sum() > 3000
    assert sum(image.nbytes for image in files._kept.values()) <= 3000


def test_pairs_are_matched_by_name_and_cropped_alike(tmp_path):
    for number, size in enumerate(SIZES):
        for side, more in (("clean", 0), ("noisy", 100)):
            (tmp_path / side).mkdir(exist_ok=True)
            ending = "png" if side == "clean" or number % 2 else "PNG"
            Image.fromarray(ramp(number, *size) + np.uint8(more)).save(tmp_path / side / f"{number}.{ending}")
    data = Recipe.of().prepare(load_data(tmp_path, crop=8))
    batches, steps, _ = data.training_batches(2)
    for noisy, clean in [*batches.take(steps), *data.validation_batches()]:
        np.testing.assert_allclose(255 * (noisy - clean), 100, atol=1e-3)
    # All others see the clean ones.
    assert data.test.examples.max() < 100
    whole = data.test.whole()
    for noisy, clean in zip(whole.noisy_chunks(), whole.chunks(), strict=True):
        assert (noisy - clean == 100).all()
    (tmp_path / "noisy" / "3.png").unlink()
    with pytest.raises(ValueError, match=r"noisy version of each image.*found none for 3\.png"):
        load_data(tmp_path, crop=8)
    Image.fromarray(ramp(3, 5, 6)).save(tmp_path / "noisy" / "3.png")
    with pytest.raises(ValueError, match=r"3\.png with 5 x 7 pixels.*received 5 x 6"):
        load_data(tmp_path, crop=8)


def test_sixteen_bits_palettes_transparency_cmyk_and_orientation_are_read(tmp_path):
    pixels = np.arange(6 * 9 * 3, dtype="uint16").reshape(6, 9, 3)
    (tmp_path / "a.png").write_bytes(tf.io.encode_png(257 * pixels + 1).numpy())
    Image.fromarray(pixels.astype("uint8")).save(tmp_path / "b.png")
    Image.fromarray(pixels.astype("uint8")).quantize(8).save(tmp_path / "c.png")
    Image.new("CMYK", (9, 6), (0, 255, 255, 0)).save(tmp_path / "d.jpg", quality=95)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels.astype("uint8")).save(tmp_path / "e.png", exif=exif)
    data = load_data(tmp_path, crop=4, test=1)
    assert data.spec.dtype == "uint16" and data.spec.high == 65535 and data.spec.shape == (4, 4, 3)
    deep, plain, _, cmyk, turned = (image[0] for image in data.test.whole().chunks())
    np.testing.assert_array_equal(deep, 257 * pixels + 1)
    np.testing.assert_array_equal(plain, 257 * pixels)
    assert cmyk[..., 0].min() > 60000 and cmyk[..., 1:].max() < 5000
    np.testing.assert_array_equal(turned, np.rot90(257 * pixels, -1))
    see_through = np.concatenate([pixels.astype("uint8"), np.full((6, 9, 1), 7, "uint8")], axis=-1)
    Image.fromarray(see_through, "RGBA").save(tmp_path / "f.png")
    data = load_data(tmp_path, crop=4, test=1)
    assert data.spec.shape == (4, 4, 4)
    images = [image[0] for image in data.test.whole().chunks()]
    assert images[0][..., 3].min() == 65535 and (images[5] == 257 * see_through.astype("uint16")).all()
    with pytest.raises(ValueError, match=r"f\.png: an image with transparent pixels"):
        load_data(tmp_path, crop=4, channels=3)


def test_more_photos_have_the_type_and_the_channels_of_the_training(folder, tmp_path):
    spec = load_data(folder, crop=8, channels=1).spec
    photo = tmp_path / "one.png"
    Image.fromarray(ramp(200, 11, 13)).save(photo)
    name, rows = read_examples(str(photo), {"name": "photos", "path": str(folder), "crop": 8}, spec)
    assert name == "one.png" and rows.examples.shape == (1, 8, 8, 1)
    whole = rows.whole()
    assert isinstance(whole, WholePhotos) and next(whole.chunks()).shape == (1, 11, 13, 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"crop": 0}, "`crop`"),
        ({"crop": 8.5}, "must be of type int"),
        ({"crop": 8, "mirrored": True}, "mirrored"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(folder, arguments, words):
    with pytest.raises((ValueError, TypeError), match=words):
        load_data(folder, **arguments)


def test_crops_of_an_image_count_as_one_row(folder):
    """There are as many independent rows as images; those with more crops count more."""
    data = load_data(f"photos:{folder}", crop=8)
    files = data.train.files
    for photos, block in (([0, 0, 0, 1, 1, 1], 3), ([0, 1, 2], 1), ([0] * 9 + [1], 8), ([], 1)):
        split = dataclasses.replace(
            data.train, photos=np.array(photos, int), corners=np.zeros((len(photos), 2), int), files=files
        )
        assert split.block == block
    assert data.train.drawn(1).block == 1
