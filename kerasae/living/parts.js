// What the living parts of a page share: elements, numbers as text, and a check against Python.
const make = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};
const draw = (name, attributes = {}, ...children) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

// Numbers as in the tables of the page: four significant digits, no exponent where it is not needed.
const written = (value, digits = 4) => {
  if (value === null || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size >= 10 ** digits && size < 1e15) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(digits)));
};

const dateText = seconds => {
  if (!Number.isFinite(seconds) || Math.abs(seconds) > 8e12) return "–";
  return new Date(Math.round(seconds) * 1e3).toISOString().slice(0, 19).replace("T", " ").replace(/ 00:00:00$/, "");
};

// Entry of a column in raw units, from the number that a network sees.
const entryOf = (column, x) => {
  if (Number.isNaN(x)) return null;
  if (column.kind === "category") return column.categories[evenly(x) - 1] ?? "[UNK]";
  const raw = x * column.scale + column.center;
  if (column.kind === "boolean") return raw >= 0.5;
  return column.step ? Math.round(raw / column.step) * column.step : raw;
};
const entryText = (column, x) => {
  const entry = entryOf(column, x);
  if (entry === null) return "–";
  if (column.kind === "category") return entry;
  if (column.kind === "boolean") return entry ? "True" : "False";
  return column.kind === "date" ? dateText(entry) : written(entry);
};

const rowsOf = (text, width) => {
  const flat = new Float32Array(bytesOf(text));
  return Array.from({ length: flat.length / width }, (_, row) => flat.subarray(row * width, (row + 1) * width));
};

// Starts a part for each place on the page that has none yet. What differs from Python stays hidden.
const begin = (selector, Part) => {
  const start = async root => {
    const note = root.parentElement.querySelector(".living-note");
    try {
      const data = JSON.parse(root.querySelector("script").textContent);
      const part = root.living = new Part(root, data, await Program.read(data.program));
      if (!(part.difference <= TOLERANCE)) throw new Error(`a difference of ${part.difference.toExponential(1)} of the greatest number, and 1e-5 is allowed`);
      root.hidden = false;
      note.textContent = `Computed in this page, without a network; on ${part.checked} rows the numbers are those of ` +
        `Python up to ${part.difference.toExponential(0)} of the greatest one.`;
    } catch (error) {
      note.textContent = `Left out: what this page computes is not what Python computes (${error.message}).`;
    }
  };
  for (const root of document.querySelectorAll(`${selector}:not([data-ready])`)) {
    root.dataset.ready = "";
    root.begun = start(root);
  }
};
