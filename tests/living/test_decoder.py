"""The decoder on a page: sliders and map give the numbers of the model."""

import json

import numpy as np
import pandas as pd
import pytest
from browsers.headless import needs_chromium, probe
from small_logs import sines
from small_vectors import vectors
from table_rows import rows as table_rows
from table_rows import table_model, with_gaps

from kerasae import Recipe
from kerasae.data.series import from_frame as log_from_frame
from kerasae.living import living_decoder
from kerasae.living._outputs import output_of
from kerasae.metrics import codes_of
from kerasae.report import figures, page

RNG = np.random.default_rng(3)
#: Waits until the parts have begun.
BEGUN = 'await Promise.all([...document.querySelectorAll(".living")].map(root => root.begun));'


def part_of(model, data, **changes):
    codes = codes_of(model, data, "test")
    return living_decoder(model, data, codes, data.test.labels, **changes)


def html_of(parts):
    return page.render("t", "s", ["a"], [["1"]], [], parts)


def raw_of(model, codes):
    """The answer of Python: raw numbers, or `x` of a table."""
    x = np.asarray(model.decode(np.asarray(codes, "float32")))
    if model.spec.columns:
        return x
    return x if model.preprocessor is None else np.asarray(model.preprocessor.inverse(x))


def images(rows=60, shape=(9, 7, 1)):
    return RNG.integers(0, 256, (rows, *shape)).astype("uint8")


@pytest.fixture(scope="module")
def models(digits, tmp_path_factory):
    """Built models of every kind of example that a page shows, and their data."""
    folder = tmp_path_factory.mktemp("living")
    np.savez(folder / "images.npz", x=images())
    series = log_from_frame(sines(200, gaps=range(20, 23)), time="time", window=12)
    plain = vectors(RNG.normal(3, 5, (60, 6)), RNG.normal(3, 5, (20, 6)))
    long = vectors(RNG.normal(size=(60, 50)), RNG.normal(size=(20, 50)))
    narrow = {"widths": [16]}
    recipes = {
        "dense image": (Recipe.of("variational", latent_dim=5, network=narrow), digits),
        "tied image": (Recipe.of("undercomplete", latent_dim=1, network={**narrow, "tied": True}), digits),
        "conv image": (
            Recipe.of(
                "denoising",
                source=str(folder / "images.npz"),
                latent_dim=3,
                network={"name": "conv", "filters": [4, 6], "normalization": "batch"},
            ),
            None,
        ),
        "series": (Recipe.of("denoising", latent_dim=4, network={"filters": [4]}), series),
        "vector": (
            Recipe.of("variational", latent_dim=2, network={**narrow, "normalization": "layer"}),
            plain,
        ),
        "long vector": (
            Recipe.of("contractive", latent_dim=2, network={**narrow, "activation": "gelu"}),
            long,
        ),
    }
    found = {}
    for name, (recipe, data) in recipes.items():
        data = recipe.load() if data is None else data
        data = data if data.preprocessor is not None else recipe.prepare(data)
        found[name] = recipe.build(data), data
    found["table"] = table_model("variational", with_gaps(table_rows(80), 0.1), latent_dim=3)
    return found


@pytest.fixture(scope="module")
def opened(models, tmp_path_factory):
    """What the page answers: for each part its own check, and what codes of ours decode to."""
    parts = {name: part_of(model, data) for name, (model, data) in models.items()}
    assert not [name for name, part in parts.items() if part is None]
    wanted = {
        name: RNG.uniform(part.data["low"], part.data["high"], (3, model.latent_dim))
        for (name, part), (model, _) in zip(parts.items(), models.values(), strict=True)
    }
    script = f"""{BEGUN}
    const codes = {[one.tolist() for one in wanted.values()]};
    return [...document.querySelectorAll(".living.decoder")].map((root, number) => {{
      const part = root.living;
      const decoded = codes[number].map(code => {{
        part.set(code);
        return Array.from(part.decoded);
      }});
      const note = root.parentElement.querySelector(".living-note").textContent;
      return [root.hidden, part.difference, note, decoded,
        root.querySelectorAll("input[type=range]").length];
    }});
    """
    found = probe(html_of(parts.values()), script, tmp_path_factory.mktemp("page"))
    return {name: (wanted[name], *answer) for name, answer in zip(parts, found, strict=True)}


NAMES = ("dense image", "tied image", "conv image", "series", "vector", "long vector", "table")


@needs_chromium
@pytest.mark.parametrize("name", NAMES)
def test_the_page_decodes_as_python_does(name, models, opened):
    model, _ = models[name]
    codes, hidden, difference, note, decoded, sliders = opened[name]
    assert not hidden and difference < 1e-6 and note.startswith("Computed in this page")
    assert sliders == model.latent_dim
    expected = raw_of(model, codes).reshape(len(codes), -1)
    np.testing.assert_allclose(np.array(decoded, float), expected, rtol=0, atol=1e-5 * np.abs(expected).max())


PRESS = f"""{BEGUN}
const press = (target, key) => target.dispatchEvent(new KeyboardEvent("keydown", {{ key }}));
const part = document.querySelector(".living.decoder").living;
"""


@needs_chromium
def test_sliders_map_and_keys_move_the_code(models, tmp_path):
    model, data = models["dense image"]
    codes = codes_of(model, data, "test")
    script = """
    const read = () => ({ code: [...part.code], decoded: [...part.decoded], place: [...part.map.place] });
    const first = read(), input = part.sliders[1].input;
    input.value = Number(input.max);
    input.dispatchEvent(new Event("input"));
    const slid = read();
    press(input, "ArrowLeft");
    const stepped = read();
    const svg = part.map.svg, box = svg.getBoundingClientRect();
    const [clientX, clientY] = [box.left + 0.6 * box.width, box.top + 0.3 * box.height];
    svg.dispatchEvent(new PointerEvent("pointerdown", { clientX, clientY }));
    const clicked = { ...read(), wanted: part.map.wanted };
    press(svg, "ArrowUp");
    const moved = { ...read(), wanted: part.map.wanted };
    part.map.go([1e3, 1e3]);
    const corner = { ...read(), wanted: part.map.wanted };
    part.select.selectedIndex = 2;
    part.select.dispatchEvent(new Event("change"));
    const reds = ({ data }) => [...data].filter((_, place) => place % 4 === 0);
    const pixels = canvas => reds(canvas.getContext("2d").getImageData(0, 0, 8, 8));
    const [made, original] = document.querySelectorAll(".pictures canvas");
    const drawn = { made: pixels(made), original: pixels(original) };
    return { first, slid, stepped, clicked, moved, corner, third: read(), ...drawn, ends: part.map.ends };
    """
    made = part_of(model, data)
    found = probe(html_of([made]), PRESS + script, tmp_path)
    low, high = np.array(made.data["low"]), np.array(made.data["high"])
    shown = data.test.drawn(12).examples
    np.testing.assert_allclose(found["first"]["code"], model.transform(shown)[0], rtol=1e-6)
    assert found["slid"]["code"][1] == pytest.approx(high[1])
    assert found["stepped"]["code"][1] == pytest.approx(high[1] - (high[1] - low[1]) / 100)
    assert found["slid"]["code"][0] == found["first"]["code"][0]
    mean, directions, _ = figures.plane(codes)
    for name in ("clicked", "moved", "corner"):
        wanted = np.clip(mean + np.array(found[name]["wanted"]) @ directions, low, high)
        np.testing.assert_allclose(found[name]["code"], wanted, rtol=1e-5, atol=1e-6)
    assert np.isin(np.float32(found["corner"]["code"]), np.float32([low, high])).any(), "beyond the range"
    for name in ("slid", "clicked", "moved", "corner", "third"):
        expected = raw_of(model, [found[name]["code"]]).ravel()
        np.testing.assert_allclose(
            found[name]["decoded"], expected, rtol=0, atol=1e-5 * np.abs(expected).max()
        )
        place = (np.array(found[name]["code"]) - mean) @ directions.T
        np.testing.assert_allclose(found[name]["place"], place, rtol=1e-4, atol=1e-5)
    height = found["ends"][1][1] - found["ends"][1][0]
    risen = found["moved"]["wanted"][1] - found["clicked"]["place"][1]
    assert risen == pytest.approx(0.02 * height, rel=1e-3)
    np.testing.assert_allclose(found["original"], shown[2].ravel() * 255.0 / 16, atol=1)
    expected = np.clip(np.array(found["third"]["decoded"]) * 255 / 16, 0, 255)
    np.testing.assert_allclose(found["made"], expected, atol=1)


@needs_chromium
def test_a_table_is_shown_in_its_own_units(models, tmp_path):
    model, data = models["table"]
    script = """
    const lines = [...document.querySelectorAll(".living .entries tbody tr")];
    return [[...part.code], lines.map(line => [...line.cells].map(cell => cell.textContent))];
    """
    code, cells = probe(html_of([part_of(model, data)]), PRESS + script, tmp_path)
    (decoded,) = model.inverse_transform(np.array([code], "float32")).to_dict("records")
    original = data.test.drawn(12).examples.iloc[0]
    for name, made, stood in cells:
        for text, value in ((made, decoded[name]), (stood, original[name])):
            if pd.isna(value):
                assert text == "–"
            elif isinstance(value, bool | np.bool_):
                assert text == str(bool(value))
            elif isinstance(value, pd.Timestamp):
                assert abs(pd.Timestamp(text) - value) <= pd.Timedelta("1D")
            elif isinstance(value, str):
                assert text == value
            else:
                shown = {"True": 1, "False": 0}.get(text, text)
                assert float(str(shown).replace(",", "")) == pytest.approx(float(value), rel=1e-3, abs=1e-3)


@needs_chromium
def test_a_map_that_is_no_plane_decodes_the_nearest_row(models, tmp_path):
    model, data = models["dense image"]
    codes = codes_of(model, data, "test")
    places = RNG.normal(size=(len(codes), 2))
    part = part_of(model, data, places=places, axis="tsne")
    place = places[17] + 1e-6
    script = f"part.map.go({place.tolist()}); return [[...part.code], part.map.axis, part.map.place];"
    code, axis, shown = probe(html_of([part]), PRESS + script, tmp_path)
    np.testing.assert_allclose(code, codes[17], rtol=1e-5)
    assert axis == "tsne"
    np.testing.assert_allclose(shown, place, rtol=1e-6)


@needs_chromium
def test_a_page_that_computes_otherwise_hides_the_part(models, tmp_path):
    model, data = models["vector"]
    part = part_of(model, data)
    other = part_of(*models["dense image"]).data["answers"]
    part.data["answers"] = other[: len(part.data["answers"]) // 4 * 4]
    script = (
        "const root = document.querySelector('.living'); return [root.hidden, root.parentElement.innerText];"
    )
    hidden, text = probe(html_of([part]), BEGUN + script, tmp_path)
    assert hidden and "what this page computes is not what Python computes" in text


def test_what_is_too_large_for_a_page_has_no_part(digits):
    def part(latent_dim, width, **sections):
        recipe = Recipe.of("undercomplete", latent_dim=latent_dim, network={"widths": [width]}, **sections)
        return part_of(recipe.build(digits), digits)

    assert part(17, 8) is None
    assert part(4, 8) is not None
    assert part(4, 3500) is None, "a decoder of 242,000 weights"
    assert 2**19 < len(str(part(4, 2700).html())) < 2**20, "a page grows by less than 1 MB"


def test_words_of_a_user_cannot_leave_the_data(models):
    model, data = models["table"]
    text = str(part_of(model, data).html())
    assert "</script><script>" not in text.replace("\n", "")
    labels = np.array(["</script>", "<b>"] * 40)[: len(codes_of(model, data, "test"))]
    text = str(living_decoder(model, data, codes_of(model, data, "test"), labels).html())
    assert text.count("</script>") == 2 and "<b>" not in text


def test_a_channel_that_is_missing_everywhere_has_a_range():
    spec = Recipe.of().prepare(log_from_frame(sines(400), time="time", window=8)).spec
    originals = np.ones((3, *spec.shape))
    originals[..., 1] = np.nan
    shown = output_of(None, spec, originals)
    json.dumps(shown, allow_nan=False)
    assert shown["low"] == [1.0, 0.0] and shown["high"] == [2.0, 1.0]
