"""Folders of images: what is read, what is refused, and that a stream is what a whole would be."""

import numpy as np
import pytest
from PIL import Image, ImageOps

from kerasae import Recipe, load_data, train
from kerasae.data._drawing import SPLITS
from kerasae.data._split import drawn_rows
from kerasae.image_decoding import decode_image
from kerasae.preprocessing import Rescaling


def write(path, shape=(6, 5, 3), seed=0):
    """A file of random pixels, which are returned."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, shape).astype("uint8")
    Image.fromarray(pixels if shape[-1] > 1 else pixels[..., 0]).save(path)
    return pixels


@pytest.fixture
def folder(tmp_path):
    for i in range(20):
        write(tmp_path / "photos" / ("cats", "dogs")[i % 2] / f"é {i:02}.png", seed=i)
    return tmp_path / "photos"


def test_pixels_and_labels_are_those_of_the_files(folder):
    data = load_data(folder)
    assert data.spec.shape == (6, 5, 3)
    assert sum(len(data.split(name)) for name in SPLITS) == 20
    expected = {f"{('cats', 'dogs')[i % 2]}/é {i:02}.png": i for i in range(20)}
    for split in map(data.split, SPLITS):
        for image, label, name in zip(split.examples, split.labels, split.names, strict=True):
            name = name if isinstance(name, str) else name.decode()
            seed = expected.pop(name)
            np.testing.assert_array_equal(
                image, np.random.default_rng(seed).integers(0, 256, (6, 5, 3)).astype("uint8")
            )
            assert label == ("cats", "dogs")[seed % 2]
    assert not expected
    drawn, numbers = data.train.drawn(5, seed=4), drawn_rows(len(data.train), 5, seed=4)
    np.testing.assert_array_equal(drawn.examples, data.train.examples[numbers])
    assert drawn.labels.tolist() == data.train.labels[numbers].tolist()


def test_a_flat_folder_has_no_labels(tmp_path):
    for i in range(5):
        write(tmp_path / f"{i}.png", seed=i)
    assert load_data(tmp_path).train.labels is None


def test_deep_folders_are_labelled_by_the_first(tmp_path):
    for i in range(8):
        write(tmp_path / ("a", "b")[i % 2] / "x" / f"{i}.png", seed=i)
    labels = np.concatenate([s.labels for s in map(load_data(tmp_path).split, SPLITS)])
    assert sorted(labels) == ["a"] * 4 + ["b"] * 4


@pytest.mark.parametrize(("shapes", "channels"), [([(4, 4, 1)] * 5, 1), ([(4, 4, 1)] * 4 + [(4, 4, 3)], 3)])
def test_grey_files_stay_grey_until_one_has_colour(tmp_path, shapes, channels):
    for i, shape in enumerate(shapes):
        write(tmp_path / f"{i}.png", shape, i)
    assert load_data(tmp_path).spec.shape == (4, 4, channels)
    assert load_data(tmp_path, channels=1).test.head(1).shape == (1, 4, 4, 1)


def test_images_of_differing_sizes_are_resized(tmp_path):
    for i in range(6):
        write(tmp_path / f"{i}.jpg", (10 + i, 12, 3), i)
    with pytest.warns(UserWarning, match="have 6 sizes and are resized to 64 x 64"):
        assert load_data(tmp_path).spec.shape == (64, 64, 3)
    assert load_data(tmp_path, size=[7, 9]).train.examples.shape[1:] == (7, 9, 3)


def test_resizing_over_areas_keeps_the_mean(tmp_path):
    means = []
    for i in range(5):
        means.append(write(tmp_path / f"{i}.png", (8, 8, 1), i).mean())
    data = load_data(tmp_path, size=[4, 4])
    found = [image.mean() for split in map(data.split, SPLITS) for image in split.examples]
    np.testing.assert_allclose(sorted(found), sorted(means), atol=0.5)


def test_a_resized_pixel_is_the_rounded_mean_of_its_area(tmp_path):
    pixels = write(tmp_path / "a.png", (8, 6, 3))
    found = decode_image((tmp_path / "a.png").read_bytes(), (4, 3, 3))
    np.testing.assert_array_equal(found, np.round(pixels.reshape(4, 2, 3, 2, 3).mean(axis=(1, 3))))


@pytest.mark.parametrize("height", [1, 255, 256, 257, 700])
def test_grey_in_strips_is_grey(tmp_path, height):
    pixels = write(tmp_path / "a.png", (height, 3, 3))
    found = np.asarray(decode_image((tmp_path / "a.png").read_bytes(), (None, None, 1)))
    weights = np.array((0.299, 0.587, 0.114), "float32")
    expected = np.rint((pixels.astype("float32") * weights).sum(axis=-1, keepdims=True))
    assert found.shape == (height, 3, 1)
    np.testing.assert_allclose(found, expected, atol=0 if (pixels == pixels[..., :1]).all() else 1)
    assert (found == expected).mean() > 0.99


@pytest.mark.parametrize("orientation", [*range(1, 9), 0, 9])
def test_photos_are_upright_as_their_exif_note_says(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    for i in range(4):
        pixels = np.random.default_rng(i).integers(0, 256, (6, 9, 3)).astype("uint8")
        Image.fromarray(pixels).save(tmp_path / f"{i}.png", exif=exif)
    data = load_data(tmp_path)
    for split in map(data.split, SPLITS):
        for name, image in zip(split.names, split.examples, strict=True):
            with Image.open(tmp_path / name.decode()) as file:
                np.testing.assert_array_equal(image, np.asarray(ImageOps.exif_transpose(file)))


def test_photos_with_more_of_them_behind_are_read(tmp_path):
    for i in range(4):
        first, second = (Image.new("RGB", (8, 6), (i * 40, 9, shade)) for shade in (7, 70))
        first.save(tmp_path / f"{i}.jpg", format="MPO", save_all=True, append_images=[second])
    assert abs(load_data(tmp_path).train.examples[..., 2].astype(int) - 7).max() < 12


def test_cmyk_photos_are_read_in_colour_and_in_grey(tmp_path):
    for i in range(4):
        flat = Image.new("CMYK", (8, 8), (40 * i, 100, 20, 10))
        flat.save(tmp_path / f"{i}.jpg", quality=95)
    for channels, mode in ((None, "RGB"), (1, "L")):
        data = load_data(tmp_path, channels=channels)
        for name, image in zip(data.train.names, data.train.examples, strict=True):
            with Image.open(tmp_path / name.decode()) as file:
                expected = np.asarray(file.convert("RGB").convert(mode)).reshape(image.shape)
                np.testing.assert_allclose(image, expected, atol=4)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (Image.new("I;16", (5, 6), 190), "a PNG with 16 bits a channel"),
        (Image.new("RGBA", (5, 6), (0, 0, 0, 90)), "an image with transparent pixels"),
        (Image.new("LA", (5, 6), (0, 90)), "an image with transparent pixels"),
    ],
)
def test_files_whose_content_would_be_lost_are_named(folder, image, message):
    image.save(folder / "cats" / "x.png")
    with pytest.raises(ValueError, match=rf"cats/x\.png: {message}.*--set data\.crop=64"):
        load_data(folder)
    data = load_data(folder, on_error="skip")
    assert len(data.skipped) == 1


def spoil(folder):
    good = folder / "cats" / "é 00.png"
    (folder / "cats" / "cut.png").write_bytes(good.read_bytes()[:60])
    (folder / "dogs" / "text.jpg").write_text("hello")


def test_a_corrupt_file_is_named(folder):
    spoil(folder)
    with pytest.raises(ValueError, match=r"cats/cut\.png: .*truncated.*remove it, or use --on-error skip"):
        load_data(folder)


def test_a_photo_that_is_cut_off_is_named(tmp_path):
    for i in range(5):
        write(tmp_path / f"{i}.jpg", (40, 40, 3), i)
    whole = (tmp_path / "3.jpg").read_bytes()
    (tmp_path / "3.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"3\.jpg: .*truncated"):
        load_data(tmp_path)


def test_hidden_files_and_folders_are_left_out(folder):
    write(folder / ".thumbnails" / "a.png")
    write(folder / "cats" / ".a.png")
    data = load_data(folder)
    assert sum(len(data.split(name)) for name in SPLITS) == 20


def test_corrupt_files_are_skipped_and_listed_on_request(folder):
    spoil(folder)
    data = load_data(folder, on_error="skip")
    assert sum(len(data.split(name)) for name in SPLITS) == 20
    assert len(data.skipped) == 2
    assert "cut.png" in data.skipped[0]
    assert "text.jpg: no PNG or JPEG image" in data.skipped[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": [0, 3]}, "`size` must be a height and a width"),
        ({"validation": 2.0}, "`validation` must be in"),
    ],
)
def test_bad_arguments(folder, arguments, message):
    with pytest.raises(ValueError, match=message):
        load_data(folder, **arguments)


def test_too_few_images(tmp_path):
    write(tmp_path / "only.png")
    with pytest.raises(ValueError, match="at least 4 images"):
        load_data(tmp_path)


def batches(split, preprocessor, epochs, first_epoch=0):
    steps = len(split) // 4
    dataset = split.shuffled(preprocessor, 4, steps, 3, first_epoch)
    return np.stack(list(dataset.take(steps * epochs).as_numpy_iterator()))


def test_a_stream_gives_the_batches_that_memory_would(folder):
    from kerasae.data import Split

    data = load_data(folder)
    scaled = Rescaling(data.spec)
    kept = Split(data.train.examples)
    np.testing.assert_array_equal(batches(data.train, scaled, 3), batches(kept, scaled, 3))
    whole = np.concatenate(list(data.test.in_order(scaled, 2).as_numpy_iterator()))
    np.testing.assert_array_equal(whole, scaled.to_x(data.test.examples))


def test_files_of_every_kind_in_one_folder_are_decoded_alike(tmp_path):
    rng = np.random.default_rng(0)
    small = [Image.fromarray(rng.integers(0, 256, (6, 5, 3)).astype("uint8")) for _ in range(5)]
    exif = Image.Exif()
    exif[0x0112] = 3
    small[0].save(tmp_path / "0.png")
    small[1].save(tmp_path / "1.jpg")
    small[2].convert("L").save(tmp_path / "2.png")
    small[3].save(tmp_path / "3.png", exif=exif)
    small[4].quantize(9).save(tmp_path / "4.png")
    for channels in (1, 3):
        data = load_data(tmp_path, test=1, channels=channels)
        assert 0 < data.test.plain.sum() < 5
        one_by_one = [decode_image(path.read_bytes(), data.spec.shape) for path in sorted(tmp_path.iterdir())]
        np.testing.assert_array_equal(data.test.examples, np.stack(one_by_one))
        plain = data.test.rows(np.flatnonzero(data.test.plain))
        np.testing.assert_array_equal(plain.examples, data.test.examples[data.test.plain])


def test_a_resumed_stream_goes_on_where_it_was(folder):
    data = load_data(folder)
    scaled = Rescaling(data.spec)
    all_three, last = batches(data.train, scaled, 3), batches(data.train, scaled, 1, first_epoch=2)
    np.testing.assert_array_equal(all_three[-len(last) :], last)


def test_training_learns_and_gives_raw_images_back(folder):
    recipe = Recipe.of(source=str(folder), latent_dim=4, train={"batch_size": 4})
    data = recipe.load()
    model = recipe.build(data)
    history = train(model, data, epochs=8, batch_size=4, learning_rate=0.01)
    assert history.epochs[-1]["reconstruction"] < 0.8 * history.epochs[0]["reconstruction"]
    images = model.inverse_transform(model.transform(data.test.head(3)))
    assert images.shape == (3, 6, 5, 3)
    assert images.dtype == np.uint8


@pytest.mark.slow
def test_pca_of_a_stream_is_pca(tmp_path):
    from kerasae import PCA, evaluate
    from kerasae.data import Data, Split

    rng = np.random.default_rng(0)
    blur = rng.normal(size=(6, 48)) * 30
    for i in range(60):
        pixels = np.clip(rng.normal(size=6) @ blur + 128 + rng.normal(size=48) * 5, 0, 255)
        Image.fromarray(pixels.reshape(4, 4, 3).astype("uint8")).save(tmp_path / f"{i:02}.png")
    streamed = Recipe.of(source=str(tmp_path)).load()
    kept = Data(
        "kept",
        streamed.spec,
        *(Split(split.examples) for split in (streamed.train, streamed.validation, streamed.test)),
    ).with_preprocessor(Rescaling(streamed.spec))
    for size in (1, 4):
        one, other = (evaluate(PCA(size).fit(data), data) for data in (streamed, kept))
        assert one["error"] == pytest.approx(other["error"], rel=1e-3)


def test_large_images_are_convolved_and_small_ones_not(tmp_path, folder):
    for i in range(4):
        write(tmp_path / "large" / f"{i}.png", (40, 40, 1), i)
    for source, network in ((folder, "dense"), (tmp_path / "large", "conv")):
        recipe = Recipe.of(source=str(source))
        assert recipe.fill(recipe.load()).network["name"] == network
