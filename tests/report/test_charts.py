"""Charts over time: what is kept of a long log, and what a reader sees in a browser."""

import dataclasses
import itertools
import json
import re

import numpy as np
import pytest
from browsers.headless import needs_chromium, probe
from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import MANY

from kerasae.report import charts, page
from kerasae.report.canvas import Canvas
from kerasae.report.charts import Chart, Panel, Segment, thinned

SECOND = 10**9


@MANY
@given(
    st.lists(st.integers(1, 300), min_size=1, max_size=4),
    st.integers(1, 60),
    st.integers(0, 2**32 - 1),
    st.floats(0, 1),
)
def test_extremes_are_kept(sizes, columns, seed, missing):
    rng = np.random.default_rng(seed)
    ends = np.cumsum([0, *sizes])
    parts = [slice(int(begin), int(end)) for begin, end in itertools.pairwise(ends)]
    lines = rng.normal(size=(2, ends[-1]))
    lines[rng.random(lines.shape) < missing] = np.nan
    always = rng.integers(0, ends[-1], 3)
    kept = thinned(lines, parts, columns, always)
    assert np.array_equal(kept, np.unique(kept)) and kept[0] >= 0 and kept[-1] < ends[-1]
    assert len(kept) == ends[-1] or set(always) <= set(kept.tolist())
    for part in parts if len(parts) <= columns else [slice(0, ends[-1])]:
        inside = kept[(kept >= part.start) & (kept < part.stop)]
        assert part.start in inside and part.stop - 1 in inside
        for line in lines:
            if np.isfinite(line[part]).any():
                assert np.nanmin(line[inside]) == np.nanmin(line[part])
                assert np.nanmax(line[inside]) == np.nanmax(line[part])


def test_a_line_is_thinned_by_columns_and_no_column_loses_its_extremes():
    line = np.random.default_rng(0).normal(size=10_000)
    kept = thinned([line], [slice(0, 10_000)], 100)
    assert len(kept) <= 202
    for start in range(0, 10_000, 100):
        column = slice(start, start + 100)
        inside = kept[(kept >= start) & (kept < start + 100)]
        assert line[inside].min() == line[column].min() and line[inside].max() == line[column].max()


def chart(stamps=600, channels=2, **changes):
    """A chart of two recordings, the first of them with a gap, and an alarm in each."""
    rng = np.random.default_rng(0)
    half, quarter = stamps // 2, stamps // 4
    start = 1_767_225_600 * SECOND  # 2026-01-01
    segments = [
        Segment("a", slice(0, quarter), start, SECOND),
        Segment("a", slice(quarter, half), start + (quarter + 50) * SECOND, SECOND),
        Segment("<b>", slice(half, stamps), start, SECOND / 2),
    ]
    score = rng.uniform(1, 5, stamps)
    alarms = np.array([(20, 30, 25), (half + 100, half + 120, half + 101)])
    score[20:31], score[half + 100 : half + 121] = 50, 400
    score[alarms[:, 2]] *= 2
    panels = []
    for number in range(channels):
        values = rng.normal(size=stamps)
        name = f"</script><script>{number}"
        panels.append(Panel(name, values, values + 0.1, 0.25, always=alarms[:, 2], shown=number < 2))
    made = Chart(
        "Time",
        "Lines.",
        Canvas(figsize=(2, 1)),
        segments,
        [*panels, Panel("score", score, limit=10.0, always=alarms[:, 2])],
        "2026-01-01 00:00:00.0Z",
        alarms,
        np.array([(22, 28)]),
    )
    return dataclasses.replace(made, **changes)


def html_of(made, stamps=None):
    rows = [["first", "x"], ["second", "y"]]
    listing = page.Listing("Alarms", "", ["start", "why"], rows, filtered=1, stamps=stamps)
    return page.render("t", "s", ["a"], [["1"]], [], [made], listings=[listing])


def test_a_page_of_a_million_stamps_is_small_and_holds_every_peak():
    made = chart(1_000_000)
    text = html_of(made)
    assert len(text) < 2e6
    assert made.column > 1
    assert {25, 500_101} <= {int(number) for one in made.kept for number in one[-1]}
    for kept, numbers in zip(made.kept, (slice(0, 500_000), slice(500_000, None)), strict=True):
        for panel, stamps in zip(made.panels, kept, strict=True):
            assert panel.values[stamps].max() == panel.values[numbers].max()


def test_many_alarms_are_joined_within_their_segment_and_the_highest_peak_stays():
    stamps = 60_000
    first = np.arange(0, stamps, 4)
    alarms = np.stack([first, first + 1, first + 1], axis=1)
    made = chart(stamps, alarms=alarms)
    packed = charts.chart._joined(alarms, np.array([0, 15_000, 30_000]), made.panels[-1].values)
    assert len(packed) <= 5000
    inside = np.zeros(stamps + 1, bool)
    for begin, end, peak in packed:
        inside[begin : end + 1] = True
        assert (
            begin <= peak <= end and (begin < 15_000) == (end < 15_000) and (begin < 30_000) == (end < 30_000)
        )
        among = first[(first >= begin) & (first <= end)] + 1
        assert made.panels[-1].values[peak] == made.panels[-1].values[among].max()
    assert inside[first].all() and inside[first + 1].all()


def test_a_short_log_is_whole():
    made = chart()
    assert made.column == 1
    assert [[len(one) for one in kept] for kept in made.kept] == [[300] * 3] * 2


@pytest.mark.parametrize("limit", [np.inf, np.float32(10.0)])
def test_data_are_valid_json_for_any_threshold(limit):
    made = chart()
    panels = [*made.panels[:-1], dataclasses.replace(made.panels[-1], limit=limit)]
    payload = dataclasses.replace(made, panels=panels).payload()
    assert "Infinity" not in json.dumps(payload)
    assert payload["panels"][-1].get("limit") == (10.0 if np.isfinite(limit) else None)


def test_names_cannot_leave_the_data():
    text = html_of(chart())
    data = re.search(r'<script type="application/json">(.*?)</script>', text, re.DOTALL)[1]
    assert json.loads(data)["panels"][0]["name"] == "</script><script>0"
    assert "</script><script>0" not in text


READ = """
const heads = () => [...document.querySelectorAll(".head")].map(one => one.textContent);
const clock = () => document.querySelector(".clock").textContent;
const chart = document.querySelector(".chart").chart;
const over = () => chart.plots[0].plot.over, box = () => over().getBoundingClientRect();
const at = share => ({ clientX: box().left + share * box().width, clientY: box().top + 20 });
const fire = (type, share) =>
  over().dispatchEvent(new MouseEvent(type, { ...at(share), bubbles: true, movementX: 5 }));
const width = () => chart.range[1] - chart.range[0];
"""


@needs_chromium
def test_the_pointer_reads_the_values_of_all_panels(tmp_path):
    made = chart()
    script = """
    chart.open(0); await wait();
    fire("mouseenter", 0.2); fire("mousemove", 0.2); await wait();
    const first = [clock(), ...heads()];
    fire("mousemove", 0.9); await wait();
    const later = [clock(), ...heads()];
    fire("mouseleave", 0.9); await wait();
    return [first, later, [clock(), ...heads()]];
    """
    *read, left = probe(html_of(made), READ + script, tmp_path)
    for clock, *heads in read:
        since = np.datetime64(clock[:-1].replace(" ", "T")) - np.datetime64("2026-01-01")
        second = round(since / np.timedelta64(1, "s"))
        number = second if second < 150 else second - 50
        assert clock.endswith(".0Z") and (second < 150 or second >= 200)
        for panel, head in zip(made.panels, heads, strict=True):
            assert head.startswith(panel.name)
            written = [float(word) for word in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", head[len(panel.name) :])]
            wanted = [panel.values[number]]
            wanted += [panel.limit] if panel.expected is None else [panel.expected[number], panel.spread]
            np.testing.assert_allclose(written, wanted, rtol=1e-5)
    assert read[0][0] < read[1][0]
    assert left == ["Hover to read values.", *(panel.name for panel in made.panels)]


@needs_chromium
def test_drag_wheel_and_double_click_zoom_all_panels(tmp_path):
    script = """
    chart.open(0); await wait();
    const widths = [width()];
    fire("mousemove", 0.2); fire("mousedown", 0.2); fire("mousemove", 0.4); await wait();
    fire("mouseup", 0.4); await wait();
    widths.push(width());
    const scales = chart.plots.map(one => one.plot.scales.x.min);
    const turn = { deltaY: -100, clientX: box().left + 50, cancelable: true };
    over().dispatchEvent(new WheelEvent("wheel", turn));
    await wait();
    widths.push(width());
    fire("dblclick", 0.3); await wait();
    widths.push(width());
    const stays = over().dispatchEvent(new WheelEvent("wheel", { deltaY: 100, cancelable: true }));
    return [widths, new Set(scales).size, stays];
    """
    widths, scales, stays = probe(html_of(chart()), READ + script, tmp_path)
    whole, dragged, wheeled, reset = widths
    assert whole == reset == 349
    assert dragged == pytest.approx(0.2 * whole, rel=0.02)
    assert wheeled == pytest.approx(0.8 * dragged, rel=1e-6)
    assert scales == 1 and stays


@needs_chromium
def test_a_row_of_the_table_and_the_keys_go_to_an_alarm(tmp_path):
    script = """
    const opened = chart.recording.name;
    const button = document.querySelector("tr[data-stamps] button");
    button.click(); await wait();
    const found = [clock(), chart.recording.name, ...chart.range];
    const press = (key, more) => chart.root.dispatchEvent(new KeyboardEvent("keydown", { key, ...more }));
    press("ArrowRight"); await wait();
    const next = [clock(), document.querySelector("[aria-live]").textContent.slice(0, 10)];
    press("0"); await wait();
    return [opened, document.activeElement === chart.root, found, next, width()];
    """
    stamps = [(20, 30, 25), (400, 420, 401)]
    opened, focused, found, following, whole = probe(html_of(chart(), stamps), READ + script, tmp_path)
    assert opened == "<b>", "the recording with the highest score"
    assert focused
    start = 1_767_225_600
    assert found == ["2026-01-01 00:00:25.0Z", "a", start, start + 90], (
        "ten seconds and 40 on each side, moved into the recording"
    )
    assert following == ["2026-01-01 00:00:26.0Z", "2026-01-01"]
    assert whole == 349


@needs_chromium
def test_gaps_are_not_drawn_and_channels_can_be_chosen(tmp_path):
    script = """
    chart.open(0); await wait();
    const columns = chart.recording.panels[0].columns;
    const boxes = [...document.querySelectorAll(".boxes input")];
    const before = heads().length;
    boxes[2].click(); await wait();
    const nothing = columns[1].filter(value => value === null).length;
    const still = getComputedStyle(document.querySelector(".still")).display;
    return [nothing, before, heads().length, still, document.querySelectorAll("canvas").length];
    """
    assert probe(html_of(chart(channels=3)), READ + script, tmp_path) == [1, 3, 4, "none", 4]
