// A decoder on the page: sliders and a map of codes move the code, and what it decodes to follows.
class LivingDecoder {
  constructor(root, data, program) {
    Object.assign(this, { root, data, program });
    this.size = data.low.length;
    this.codes = rowsOf(data.codes, this.size);
    this.checked = this.codes.length;
    const answers = new Float32Array(bytesOf(data.answers)), length = answers.length / this.codes.length;
    this.difference = difference(this.codes.flatMap(code => [...this.decode(code)]), answers);
    this.originals = data.originals === null ? null : rowsOf(data.originals, length);
    this.row = null;
    this.sliders = data.low.map((_, number) => this.slider(number));
    const shown = { picture: Picture, lines: Lines, columns: Columns }[data.output.shown];
    this.output = new shown(data.output);
    this.map = data.map && new CodeMap(data.map, code => this.set(code));
    const sliders = make("div", { className: "sliders" }, ...this.sliders.map(one => one.line));
    const map = this.map ? [this.map.figure] : [];
    root.append(this.tools(), make("div", { className: "parts" }, ...map, this.output.figure, sliders));
    this.start(0);
  }

  decode(code) {
    return this.program.run({ code: tensor("f", [1, this.size], Float32Array.from(code)) }).decoded.data;
  }

  slider(number) {
    const { low, high } = this.data, name = `z${number}`;
    const input = make("input", { type: "range", min: low[number], max: high[number], step: "any" });
    input.setAttribute("aria-label", `Number ${number} of the code`);
    const value = make("output");
    // Without a step the arrow keys would move by a whole unit in some browsers.
    input.addEventListener("keydown", event => {
      const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
      if (!by) return;
      event.preventDefault();
      this.change(number, this.code[number] + by * (high[number] - low[number]) / 100);
    });
    input.addEventListener("input", () => this.change(number, Number(input.value)));
    return { line: make("label", {}, make("span", { textContent: name }), input, value), input, value };
  }

  tools() {
    this.select = make("select", { onchange: () => this.start(this.select.selectedIndex) });
    this.select.setAttribute("aria-label", "Row whose code is shown");
    for (const name of this.data.names) this.select.add(new Option(name));
    this.select.add(new Option("mean of the codes"));
    this.select.add(new Option("a code of your own", "", false, false));
    this.select.options[this.select.length - 1].hidden = true;
    const again = make("button", { type: "button", textContent: "Back to its code", onclick: () => this.start(this.from) });
    return make("p", { className: "tools" }, make("span", { textContent: "Begin with" }), this.select, again);
  }

  // Shows the code of a row, or after the last one the mean of all codes.
  start(number) {
    this.from = number;
    this.row = number < this.codes.length ? number : null;
    this.set(this.row === null ? this.data.mean : this.codes[number], true);
    this.select.selectedIndex = number;
  }

  change(number, value) {
    this.set(this.code.map((other, place) => place === number ? value : other));
  }

  set(code, exactly = false) {
    const { low, high } = this.data;
    this.code = Array.from(code, (value, place) => exactly ? value : Math.min(Math.max(value, low[place]), high[place]));
    this.decoded = this.decode(this.code);
    if (!exactly) this.select.selectedIndex = this.select.length - 1;
    this.sliders.forEach(({ input, value }, number) => {
      input.value = this.code[number];
      value.textContent = this.code[number].toFixed(2).replace("-", "−");
    });
    const original = this.row === null || this.originals === null ? null : this.originals[this.row];
    this.output.show(this.decoded, original, this.row === null ? "" : this.data.names[this.row]);
    if (this.map) this.map.show(this.code);
  }
}

// Pictures, beside the one whose code was taken.
class Picture {
  constructor({ shape, low, high, meaning }) {
    Object.assign(this, { shape, low, high });
    [this.original, this.made] = ["original", "decoded"].map(name => {
      const canvas = make("canvas", { width: shape[1], height: shape[0] });
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `${meaning}, ${name}`);
      const caption = make("figcaption", { textContent: name });
      return { canvas, caption, figure: make("figure", {}, canvas, caption) };
    });
    this.figure = make("div", { className: "pictures" }, this.made.figure, this.original.figure);
  }

  show(decoded, original, name) {
    this.original.figure.hidden = original === null;
    this.original.caption.textContent = name;
    this.paint(this.made.canvas, decoded);
    if (original !== null) this.paint(this.original.canvas, original);
  }

  paint(canvas, values) {
    const [rows, columns, channels] = this.shape, pixels = new ImageData(columns, rows);
    for (let place = 0; place < rows * columns; place++) {
      for (let c = 0; c < 3; c++) {
        const value = values[place * channels + (channels < 3 ? 0 : c)];
        pixels.data[4 * place + c] = 255 * (value - this.low) / (this.high - this.low);
      }
      pixels.data[4 * place + 3] = 255;
    }
    canvas.getContext("2d").putImageData(pixels, 0, 0);
  }
}

// Lines over the steps of a window, or over the features of a vector, a panel for each channel.
class Lines {
  constructor({ names, length, low, high }) {
    Object.assign(this, { names, length, low, high });
    this.panels = names.map((name, channel) => {
      const [original, made] = ["original", "decoded"].map(kind => draw("polyline", { class: kind }));
      const svg = draw("svg", { viewBox: "0 0 300 80", preserveAspectRatio: "none", role: "img" }, original, made);
      svg.setAttribute("aria-label", `${name || "features"}, decoded`);
      const ends = make("span", { className: "ends" });
      const caption = make("figcaption", {}, make("b", { textContent: name }), ends);
      ends.textContent = `${written(low[channel], 3)} to ${written(high[channel], 3)}`;
      return { original, made, figure: make("figure", {}, caption, svg) };
    });
    this.key = make("p", { className: "key" });
    this.figure = make("div", { className: "lines" }, ...this.panels.map(panel => panel.figure), this.key);
  }

  show(decoded, original, name) {
    this.panels.forEach((panel, channel) => {
      panel.made.setAttribute("points", this.points(decoded, channel));
      panel.original.setAttribute("points", original === null ? "" : this.points(original, channel));
    });
    this.key.replaceChildren(make("i", { className: "decoded" }), "decoded",
      ...original === null ? [] : [make("i", { className: "original" }), name]);
  }

  points(values, channel) {
    const [low, high] = [this.low[channel], this.high[channel]], count = this.names.length, found = [];
    for (let step = 0; step < this.length; step++) {
      const value = values[step * count + channel];
      if (Number.isNaN(value)) continue;
      const share = Math.min(Math.max((value - low) / (high - low), -0.1), 1.1);
      found.push(`${(300 * step / Math.max(this.length - 1, 1)).toFixed(1)},${(74 - 68 * share).toFixed(2)}`);
    }
    return found.join(" ");
  }
}

// Columns of a table, or features with a name each, one below the other.
class Columns {
  constructor({ columns }) {
    this.columns = columns;
    this.head = make("th", { scope: "col" });
    this.cells = columns.map(() => [make("td"), make("td")]);
    const lines = columns.map((column, place) => make("tr", {}, make("th", { scope: "row", textContent: column.name }), ...this.cells[place]));
    const head = make("tr", {}, make("td"), make("th", { scope: "col", textContent: "decoded" }), this.head);
    this.figure = make("div", { className: "scroll" }, make("table", { className: "entries" }, make("thead", {}, head), make("tbody", {}, ...lines)));
  }

  show(decoded, original, name) {
    this.head.textContent = original === null ? "" : name;
    this.columns.forEach((column, place) => {
      const [made, stood] = this.cells[place];
      made.textContent = entryText(column, decoded[place]);
      stood.textContent = original === null ? "" : entryText(column, original[place]);
    });
  }
}

// Codes in two dimensions. A place on it is a code: on a plane, or that of the nearest row.
class CodeMap {
  constructor(data, choose) {
    Object.assign(this, data);
    this.choose = choose;
    this.places = rowsOf(data.places, 2);
    if (data.codes !== undefined) this.codes = rowsOf(data.codes, data.mean.length);
    const [horizontal, vertical] = [0, 1].map(axis => this.places.map(place => place[axis]));
    this.ends = [horizontal, vertical].map(values => {
      const [low, high] = [Math.min(...values), Math.max(...values)], margin = 0.04 * (high - low) || 1;
      return [low - margin, high + margin];
    });
    const dots = this.places.map((place, row) => {
      const [x, y] = this.toPaper(place);
      const dot = draw("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: 2.4 });
      if (data.labels !== null) dot.style.fill = data.colours[data.labels[row]];
      return dot;
    });
    this.mark = draw("path", { class: "mark", d: "M-9 0H9M0-9V9" });
    this.svg = draw("svg", { viewBox: "0 0 320 320", tabindex: 0, role: "application" }, draw("g", {}, ...dots), this.mark);
    this.svg.setAttribute("aria-label", "Map of the codes. The arrow keys move the place that is decoded.");
    this.svg.addEventListener("pointerdown", event => this.point(event));
    this.svg.addEventListener("pointermove", event => { if (event.buttons & 1) this.point(event); });
    this.svg.addEventListener("keydown", event => this.key(event));
    const key = (data.classes ?? []).map((name, number) => {
      const dot = make("i");
      dot.style.background = data.colours[number];
      return make("span", {}, dot, name);
    });
    this.figure = make("figure", { className: "map" }, this.svg,
      make("figcaption", { textContent: `${data.axis} 1 to the right, ${data.axis} 2 upwards` }), make("p", { className: "key" }, ...key));
  }

  toPaper(place) {
    const [x, y] = place.map((value, axis) => 320 * (value - this.ends[axis][0]) / (this.ends[axis][1] - this.ends[axis][0]));
    return [x, 320 - y];
  }

  point(event) {
    const box = this.svg.getBoundingClientRect();
    this.go([(event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height]
      .map((share, axis) => this.ends[axis][0] + share * (this.ends[axis][1] - this.ends[axis][0])));
  }

  key(event) {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!by) return;
    event.preventDefault();
    const share = event.shiftKey ? 0.1 : 0.02;
    this.go(this.place.map((value, axis) => value + by[axis] * share * (this.ends[axis][1] - this.ends[axis][0])));
  }

  go(place) {
    const inside = place.map((value, axis) => Math.min(Math.max(value, this.ends[axis][0]), this.ends[axis][1]));
    this.wanted = inside;
    this.choose(this.codeAt(inside));
    // The place itself is shown, although the code may be that of the nearest row.
    if (this.codes) this.put(inside);
  }

  codeAt(place) {
    if (this.codes) return this.codes[this.nearest(place)];
    return this.mean.map((value, number) => value + place[0] * this.directions[0][number] + place[1] * this.directions[1][number]);
  }

  nearest(place) {
    const apart = one => one.reduce((total, value, axis) => total + ((value - place[axis]) / (this.ends[axis][1] - this.ends[axis][0])) ** 2, 0);
    return this.places.reduce((best, one, row) => apart(one) < apart(this.places[best]) ? row : best, 0);
  }

  // Shows where a code lies on the map; without a plane, where the row with the nearest code lies.
  show(code) {
    if (!this.codes) {
      this.put(this.directions.map(direction => direction.reduce((total, share, number) => total + share * (code[number] - this.mean[number]), 0)));
      return;
    }
    const apart = one => one.reduce((total, value, number) => total + (value - code[number]) ** 2, 0);
    this.put([...this.places[this.codes.reduce((best, one, row) => apart(one) < apart(this.codes[best]) ? row : best, 0)]]);
  }

  put(place) {
    this.place = place;
    const [x, y] = this.toPaper(place);
    this.mark.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
  }
}

begin(".living.decoder", LivingDecoder);
