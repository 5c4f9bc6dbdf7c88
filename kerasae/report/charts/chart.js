// Charts over time: panels with one axis of time, drawn by uPlot. Without this script the picture stays.
"use strict";
{
  const BLUE = "#0072B2", ORANGE = "#E69F00", BAND = "rgba(230, 159, 0, 0.18)", RED = "#D55E00",
    ALARM = "rgba(213, 94, 0, 0.17)", GREEN = "#009E73";
  // Values from here on are no measurements.
  const UNJUDGED = 1e30;
  const AXIS = 64, HEIGHT = 120;

  // Labels of the axis of time, by the distance of two: the label, and what stands below where a day begins.
  const DAY = "\n{YYYY}-{MM}-{DD}", TIMES = [
    [365 * 86400, "{YYYY}", null, null, null, null, null, null, 1],
    [28 * 86400, "{YYYY}-{MM}", null, null, null, null, null, null, 1],
    [86400, "{YYYY}-{MM}-{DD}", null, null, null, null, null, null, 1],
    [60, "{HH}:{mm}", DAY, null, DAY, null, null, null, 1],
    [1, "{HH}:{mm}:{ss}", DAY, null, DAY, null, null, null, 1],
    [0.001, "{HH}:{mm}:{ss}.{fff}", DAY, null, DAY, null, null, null, 1],
  ];

  // Ticks of a scale that is linear up to `near` and logarithmic beyond, at most five.
  const decades = (low, high, near) => {
    const ticks = [0];
    const reach = Math.max(Math.abs(low), high), every = Math.ceil(Math.max(Math.log10(reach / near), 1) / 4);
    for (let tick = near; tick <= reach; tick *= 10 ** every) ticks.push(tick, -tick);
    return ticks.filter(tick => tick >= low && tick <= high).sort((one, other) => one - other);
  };

  const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0)).buffer;
  const integers = text => new Uint32Array(bytes(text));
  const numbers = text => new Float32Array(bytes(text));
  const written = value => value === null || Number.isNaN(value) ? "missing"
    : value >= UNJUDGED ? "cannot be judged" : String(Number(value.toPrecision(6)));
  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  // Colours of the theme, which the drawings take from the style of the page.
  const probe = element("span", { hidden: true });
  const themed = name => {
    if (!probe.isConnected) document.body.append(probe);
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };

  class Recording {
    constructor(data, about) {
      this.name = data.name;
      this.segments = data.segments.map(([first, count, start, step]) => ({
        first, last: first + count - 1, start: BigInt(start), step,
      }));
      const [one, other] = [this.segments[0], this.segments.at(-1)];
      this.extent = [this.seconds(one.first), this.seconds(other.last)];
      if (this.extent[0] === this.extent[1]) this.extent[1] += 1;
      this.least = 4e-9 * this.segments.reduce((least, segment) => Math.min(least, segment.step), Infinity);
      this.panels = data.panels.map((panel, number) => this.columns({ ...about[number], ...panel }));
    }

    // Segment in which a stamp lies.
    segment(number) {
      let low = 0, high = this.segments.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (this.segments[middle].first <= number) low = middle; else high = middle - 1;
      }
      return this.segments[low];
    }

    holds(number) {
      const segment = this.segment(number);
      return segment.first <= number && number <= segment.last;
    }

    nanoseconds(number) {
      const { first, start, step } = this.segment(number);
      return start + BigInt(Math.round((number - first) * step));
    }

    seconds(number) {
      return Number(this.nanoseconds(number)) / 1e9;
    }

    // Columns for uPlot: time, value, expected value, and the ends of the band. Between segments is nothing.
    columns(panel) {
      const at = integers(panel.at), value = numbers(panel.value);
      const expected = panel.expected === undefined ? null : numbers(panel.expected);
      const stamps = [], times = [], values = [], middle = [], low = [], high = [];
      const add = (number, time, reading, guess) => {
        const known = !Number.isNaN(guess) && Math.abs(guess) < UNJUDGED;
        stamps.push(number);
        times.push(time);
        values.push(Number.isNaN(reading) ? null : reading);
        middle.push(known ? guess : null);
        low.push(known ? guess - panel.spread : null);
        high.push(known ? guess + panel.spread : null);
      };
      at.forEach((number, place) => {
        if (place && this.segment(number) !== this.segment(at[place - 1])) {
          add(null, (times.at(-1) + this.seconds(number)) / 2, NaN, NaN);
        }
        add(number, this.seconds(number), value[place], expected ? expected[place] : NaN);
      });
      return { stamps, columns: expected ? [times, values, middle, low, high] : [times, values] };
    }
  }

  class TimeChart {
    constructor(root) {
      this.root = root;
      this.data = JSON.parse(root.querySelector("script").textContent);
      this.recordings = this.data.recordings.map(recording => new Recording(recording, this.data.panels));
      this.alarms = tuples(this.data.alarms, 3);
      this.events = tuples(this.data.events, 2);
      this.shown = this.data.panels.map((panel, number) => panel.shown);
      this.body = element("div", { className: "panels" });
      this.clock = element("output", { className: "clock" });
      this.spoken = element("span", { className: "unseen" });
      this.spoken.setAttribute("aria-live", "polite");
      root.append(this.tools(), this.clock, this.body, this.spoken);
      root.addEventListener("keydown", event => this.key(event));
      new ResizeObserver(() => this.resize()).observe(this.body);
      addEventListener("themechange", () => { for (const { plot } of this.plots) plot.redraw(false, true); });
      const highest = this.alarms.length ? this.recordings.findIndex(one => one.holds(this.alarms[this.data.first][2])) : 0;
      this.open(Math.max(highest, 0));
      root.classList.add("drawn");
    }

    // Tools -------------------------------------------------------------------------------------------

    tools() {
      const button = (words, act) => element("button", { type: "button", textContent: words, onclick: act });
      const row = element("div", { className: "chart-tools" });
      if (this.recordings.length > 1) {
        this.select = element("select", { onchange: () => this.open(this.select.selectedIndex) });
        this.select.setAttribute("aria-label", "Recording");
        for (const recording of this.recordings) {
          const count = this.alarms.filter(alarm => recording.holds(alarm[0])).length;
          this.select.add(new Option(`${recording.name} (${count} ${count === 1 ? "alarm" : "alarms"})`));
        }
        row.append(this.select);
      }
      row.append(
        button("Zoom in", () => this.zoom(0.5)),
        button("Zoom out", () => this.zoom(2)),
        button("Whole time", () => this.reset()),
      );
      if (this.alarms.length) {
        row.append(
          button("◀ Alarm before", () => this.step(-1)), button("Next alarm ▶", () => this.step(1)),
        );
      }
      if (this.data.panels.some(panel => !panel.shown) || this.data.panels.length > 7) row.append(this.chooser());
      return row;
    }

    chooser() {
      const boxes = this.data.panels.map((panel, number) => {
        const box = element("input", { type: "checkbox", checked: panel.shown });
        box.onchange = () => {
          this.shown[number] = box.checked;
          this.draw();
        };
        return element("label", {}, box, ` ${panel.name}`);
      });
      const list = element("div", { className: "boxes" }, ...boxes);
      return element("details", {}, element("summary", { textContent: "Channels" }), list);
    }

    // Drawing -----------------------------------------------------------------------------------------

    open(number) {
      this.recording = this.recordings[number];
      if (this.select) this.select.selectedIndex = number;
      const spans = intervals => intervals.filter(one => this.recording.holds(one[0]))
        .map(one => [this.recording.seconds(one[0]), this.recording.seconds(one[1])]);
      this.spans = { alarms: spans(this.alarms), events: spans(this.events) };
      this.range = [...this.recording.extent];
      this.at = null;
      this.draw();
    }

    draw() {
      for (const one of this.plots || []) one.plot.destroy();
      this.body.replaceChildren();
      const numbers = this.data.panels.map((_, number) => number).filter(number => this.shown[number]);
      this.plots = numbers.map((number, place) => this.plot(number, place === numbers.length - 1));
      this.rule();
      this.say();
    }

    plot(number, last) {
      const panel = this.data.panels[number], { stamps, columns } = this.recording.panels[number];
      const readout = element("span", { className: "readout" });
      const head = element("div", { className: "head" }, element("b", { textContent: panel.name }), readout);
      const place = element("div", { className: "panel" }, head);
      place.setAttribute("role", "img");
      place.setAttribute("aria-label", `${panel.name} over time`);
      this.body.append(place);
      // The readings are drawn last, above what is expected.
      const drawn = columns.length > 2 ? [columns[0], columns[3], columns[4], columns[2], columns[1]] : [...columns];
      const judged = columns[1].filter(value => value !== null && value < UNJUDGED);
      const ceiling = 2 * judged.reduce((one, other) => Math.max(one, other), 0) || 1;
      if (judged.length < columns[1].length) {
        drawn[drawn.length - 1] = columns[1].map(value => value !== null && value >= UNJUDGED ? ceiling : value);
      }
      const line = (stroke, width) => ({ stroke, width, points: { size: 3 }, spanGaps: false });
      const edge = { stroke: "transparent", points: { show: false } };
      const limited = panel.limit !== undefined;
      const near = limited ? 10 ** Math.floor(Math.log10(Math.max(Math.abs(panel.limit), 1e-9))) : 1;
      const plot = new uPlot({
        width: this.body.clientWidth || 800,
        height: last ? HEIGHT + 28 : HEIGHT,
        tzDate: seconds => uPlot.tzDate(new Date(seconds * 1e3), "Etc/UTC"),
        padding: [6, 8, last ? 0 : 6, 0],
        legend: { show: false },
        cursor: {
          y: false,
          drag: { x: true, y: false, setScale: false },
          points: { size: 6 },
          bind: {
            dblclick: () => () => this.reset(),
            mouseleave: () => () => this.move(null),
          },
          dataIdx: (_, series, near) => nearest(columns[1], stamps, near),
        },
        scales: {
          x: { time: true, range: (_, low, high) => [low, high] },
          y: limited
            ? { distr: 4, asinh: near,
                range: (_, low, high) => [Math.min(low * 1.3, panel.limit * 1.3, 0), Math.max(high, panel.limit, 1e-9) * 1.5] }
            : { range: { min: { pad: 0.08, mode: 0 }, max: { pad: 0.08, mode: 0 } } },
        },
        axes: [
          { show: true, size: last ? 40 : 0, values: last ? TIMES : (_, splits) => splits.map(() => ""),
            stroke: () => themed("muted"), space: 80, font: "11px system-ui, sans-serif", grid: { width: 1, stroke: () => themed("line") }, ticks: { show: last } },
          { size: AXIS, stroke: () => themed("muted"), font: "11px system-ui, sans-serif", space: 26,
            grid: { width: 1, stroke: () => themed("line") }, ticks: { show: false },
            ...limited ? { splits: (_, __, low, high) => decades(low, high, near), filter: (_, splits) => splits } : {} },
        ],
        series: columns.length > 2
          ? [{}, edge, edge, line(ORANGE, 1.2), line(BLUE, 1.2)]
          : [{}, line(() => themed("text"), 1.2)],
        bands: columns.length > 2 ? [{ series: [2, 1], fill: BAND }] : [],
        hooks: {
          drawClear: [u => this.shade(u)],
          draw: [u => this.mark(u, panel.limit)],
          setSelect: [u => {
            if (u.select.width < 3) return;
            const range = [u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")];
            u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
            this.zoomTo(...range);
          }],
          setCursor: [u => {
            if (!this.moving && u.cursor.event && u.cursor.left >= 0) this.move(u.posToVal(u.cursor.left, "x"));
          }],
        },
      }, drawn, place);
      plot.over.addEventListener("wheel", event => this.wheel(event, plot), { passive: false });
      return { plot, panel, stamps, columns, readout };
    }

    // Alarms lie below the lines.
    shade(u) {
      this.areas(u, this.spans.alarms, ALARM, 0, 1);
    }

    mark(u, limit) {
      this.areas(u, this.spans.events, GREEN, 0.95, 1);
      if (limit === undefined) return;
      const { ctx, bbox } = u, y = u.valToPos(limit, "y", true);
      ctx.save();
      ctx.strokeStyle = RED;
      ctx.lineWidth = devicePixelRatio;
      ctx.setLineDash([6, 4]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      ctx.restore();
    }

    areas(u, spans, fill, top, bottom) {
      const { ctx, bbox } = u, [low, high] = this.range;
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      // As one area, so that what overlaps is no darker.
      ctx.fillStyle = fill;
      ctx.beginPath();
      for (const [begin, end] of spans) {
        if (end < low || begin > high) continue;
        const left = u.valToPos(begin, "x", true), width = u.valToPos(end, "x", true) - left;
        const wide = Math.max(width, 2 * devicePixelRatio);
        ctx.rect(left - (wide - width) / 2, bbox.top + top * bbox.height, wide, (bottom - top) * bbox.height);
      }
      ctx.fill();
      ctx.restore();
    }

    resize() {
      for (const { plot } of this.plots || []) {
        if (plot.width !== this.body.clientWidth && this.body.clientWidth) {
          plot.setSize({ width: this.body.clientWidth, height: plot.height });
        }
      }
    }

    // Zoom --------------------------------------------------------------------------------------------

    rule() {
      for (const { plot } of this.plots) plot.setScale("x", { min: this.range[0], max: this.range[1] });
      // uPlot takes the scales over in a microtask of its own; the cursor is placed by them.
      queueMicrotask(() => this.point());
    }

    zoomTo(low, high) {
      const [begin, end] = this.recording.extent;
      const width = Math.min(Math.max(high - low, this.recording.least), end - begin);
      const left = Math.min(Math.max((low + high - width) / 2, begin), end - width);
      this.range = [left, left + width];
      this.rule();
    }

    zoom(factor, centre = null) {
      const [low, high] = this.range;
      const middle = centre ?? (this.at !== null && this.at >= low && this.at <= high ? this.at : (low + high) / 2);
      this.zoomTo(middle - (middle - low) * factor, middle + (high - middle) * factor);
    }

    wheel(event, plot) {
      const [begin, end] = this.recording.extent, out = event.deltaY > 0;
      // The page scrolls on where there is nothing to zoom out of.
      if (!event.deltaY || (out && this.range[0] <= begin && this.range[1] >= end)) return;
      event.preventDefault();
      const left = event.clientX - plot.over.getBoundingClientRect().left;
      this.zoom(out ? 1.25 : 0.8, plot.posToVal(left, "x"));
    }

    reset() {
      this.zoomTo(...this.recording.extent);
    }

    pan(share) {
      const [low, high] = this.range, by = share * (high - low), [begin, end] = this.recording.extent;
      const shift = Math.min(Math.max(by, begin - low), end - high);
      this.zoomTo(low + shift, high + shift);
    }

    // Shows stamps from a first to a last one, with as much around them.
    show(first, last, peak = first) {
      const number = this.recordings.findIndex(one => one.holds(first));
      if (number < 0) return;
      if (this.recordings[number] !== this.recording) this.open(number);
      const [begin, end] = [this.recording.seconds(first), this.recording.seconds(last)];
      const around = Math.max(end - begin, 10 * this.recording.least);
      this.zoomTo(begin - around, end + around);
      this.move(this.recording.seconds(peak), true);
    }

    step(direction) {
      const here = this.at ?? (direction > 0 ? -Infinity : Infinity);
      const times = this.alarms.filter(alarm => this.recording.holds(alarm[0]));
      const open = times.filter(alarm => direction > 0
        ? this.recording.seconds(alarm[2]) > here : this.recording.seconds(alarm[2]) < here);
      const next = direction > 0 ? open[0] : open.at(-1);
      if (next) this.show(...next);
    }

    // Cursor ------------------------------------------------------------------------------------------

    move(time, aloud = false) {
      this.at = time;
      queueMicrotask(() => this.point());
      this.say(aloud);
    }

    // Puts the cursor of every panel where it belongs.
    point() {
      const hidden = this.at === null || this.at < this.range[0] || this.at > this.range[1];
      this.moving = true;
      for (const { plot } of this.plots) {
        plot.setCursor(hidden ? { left: -10, top: -10 } : { left: plot.valToPos(this.at, "x"), top: 10 }, false);
      }
      this.moving = false;
    }

    stamp(number) {
      const all = this.recording.nanoseconds(number), part = all % 1000000000n;
      const rest = part < 0n ? part + 1000000000n : part;
      const date = new Date(Number((all - rest) / 1000000n));
      const text = `${date.toISOString().slice(0, 19).replace("T", " ")}.${String(rest).padStart(9, "0")}`;
      return text.slice(0, this.data.length) + this.data.end;
    }

    // Writes what lies at the cursor.
    say(aloud = false) {
      const places = (this.plots || []).map(one => this.at === null ? null
        : nearest(one.columns[1], one.stamps, closest(one.columns[0], this.at)));
      const last = this.plots.at(-1);
      const main = last && places.at(-1) !== null ? last.stamps[places.at(-1)] : null;
      this.clock.textContent = main === null ? "Hover to read values." : this.stamp(main);
      const words = main === null ? [] : [this.clock.textContent];
      this.plots.forEach(({ panel, stamps, columns, readout }, number) => {
        const place = places[number];
        if (place === null) {
          readout.textContent = "";
          return;
        }
        const parts = [written(columns[1][place])];
        if (columns.length > 2) {
          const about = panel.spread > 0 ? ` ± ${written(Number(panel.spread.toPrecision(3)))}` : "";
          parts.push(`expected ${written(columns[2][place])}${about}`);
        }
        if (panel.limit !== undefined) parts.push(`threshold ${written(panel.limit)}`);
        if (stamps[place] !== main) parts.push(`at ${this.stamp(stamps[place])}`);
        readout.textContent = parts.join(", ");
        words.push(`${panel.name} ${readout.textContent}`);
      });
      if (aloud) this.spoken.textContent = words.join("; ");
    }

    key(event) {
      if (event.target !== this.root || event.ctrlKey || event.altKey || event.metaKey) return;
      const acts = {
        ArrowLeft: () => event.shiftKey ? this.pan(-0.25) : this.walk(-1),
        ArrowRight: () => event.shiftKey ? this.pan(0.25) : this.walk(1),
        "+": () => this.zoom(0.5),
        "-": () => this.zoom(2),
        0: () => this.reset(),
        n: () => this.step(1),
        p: () => this.step(-1),
      };
      const act = acts[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    }

    // Moves the cursor to the next stamp that is drawn in the last panel.
    walk(by) {
      const { stamps, columns } = this.plots.at(-1);
      let place = this.at === null ? closest(columns[0], this.range[0]) : closest(columns[0], this.at) + by;
      while (stamps[place] === null) place += by;
      if (place < 0 || place >= stamps.length) return;
      const time = columns[0][place];
      if (time < this.range[0] || time > this.range[1]) this.pan(by > 0 ? 0.5 : -0.5);
      this.move(time, true);
    }
  }

  const tuples = (text, size) => {
    const flat = integers(text), found = [];
    for (let place = 0; place < flat.length; place += size) found.push([...flat.slice(place, place + size)]);
    return found;
  };

  // Place in sorted times that is closest to one.
  const closest = (times, time) => {
    let low = 0, high = times.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] < time) low = middle + 1; else high = middle;
    }
    return low > 0 && time - times[low - 1] <= times[low] - time ? low - 1 : low;
  };

  // A place between two segments holds nothing; the place before it does.
  const nearest = (values, stamps, place) => place > 0 && stamps[place] === null ? place - 1 : place;

  const charts = [];
  for (const root of document.querySelectorAll(".chart:not([data-ready])")) {
    root.dataset.ready = "";
    charts.push(root.chart = new TimeChart(root));
  }

  // A row of a table that names stamps opens them in the chart above it.
  document.addEventListener("DOMContentLoaded", () => {
    for (const row of document.querySelectorAll("tr[data-stamps]:not([data-ready])")) {
      const chart = charts.findLast(one => one.root.compareDocumentPosition(row) & Node.DOCUMENT_POSITION_FOLLOWING);
      if (!chart) continue;
      row.dataset.ready = "";
      const cell = row.cells[0];
      cell.replaceChildren(element("button", { type: "button", className: "link", title: "Show in the chart" }, ...cell.childNodes));
      row.addEventListener("click", () => {
        if (String(getSelection())) return;
        chart.show(...row.dataset.stamps.split(" ").map(Number));
        chart.root.scrollIntoView({ block: "start" });
        chart.root.focus({ preventScroll: true });
      });
    }
  });
}
