// A row of a table on the page: its entries can be edited, and score and reasons follow.
const HIGHEST = 3.4e38;

class LivingRow {
  constructor(root, data, program) {
    Object.assign(this, { root, data, program });
    this.columns = data.columns;
    this.checked = data.rows.length;
    const answers = data.rows.map(row => this.judge(row.entries.map((entry, place) => this.toX(entry, place))));
    // Sums of residuals are as exact as the greatest residual, so a small score has fewer digits than the threshold.
    const least = Math.max(Math.abs(data.threshold), 1e-30);
    this.difference = Math.max(
      ...answers.map((answer, row) => difference([answer.score], [data.rows[row].score], least)),
      difference(answers.map(answer => answer.p_value), data.rows.map(row => row.p_value)),
      difference(answers.flatMap(answer => answer.shares), [...new Float32Array(bytesOf(data.shares))]),
    );
    this.lines = this.columns.map((column, place) => this.line(column, place));
    this.verdict = make("p", { className: "verdict" });
    this.verdict.setAttribute("role", "status");
    const heads = ["column", "entry", "share of the score", "expected"].map(text => make("th", { scope: "col", textContent: text }));
    const body = make("tbody", {}, ...this.lines.map(one => one.line));
    root.append(this.tools(), this.verdict, make("div", { className: "scroll" },
      make("table", { className: "entries" }, make("thead", {}, make("tr", {}, ...heads)), body)));
    this.start(0);
  }

  tools() {
    this.select = make("select", { onchange: () => this.start(this.select.selectedIndex) });
    this.select.setAttribute("aria-label", "Row to begin with");
    for (const { name } of this.data.rows) this.select.add(new Option(name));
    const again = make("button", { type: "button", textContent: "Undo all edits", onclick: () => this.start(this.from) });
    return make("p", { className: "tools" }, make("span", { textContent: "Begin with row" }), this.select, again);
  }

  line(column, place) {
    const field = this.field(column), track = make("span", { className: "share" }, make("i")), share = make("span", { className: "percent" });
    field.setAttribute("aria-label", column.name);
    field.addEventListener(field.tagName === "SELECT" ? "change" : "input", () => this.edit(place, this.read(field, column)));
    const expected = make("td");
    const line = make("tr", {}, make("th", { scope: "row", textContent: column.name }), make("td", {}, field), make("td", {}, track, share), expected);
    return { line, field, bar: track.firstChild, share, expected };
  }

  field(column) {
    if (column.kind === "number") return make("input", { type: "number", step: "any", placeholder: "missing" });
    if (column.kind === "date") return make("input", { type: "text", placeholder: "missing", title: "YYYY-MM-DD HH:MM:SS" });
    const field = make("select"), add = (text, value) => field.add(new Option(text, value));
    add("(missing)", "");
    (column.kind === "boolean" ? ["False", "True"] : column.categories).forEach((name, code) => add(name, column.kind === "boolean" ? code : code + 1));
    if (column.kind === "category") add("(any other)", 0);
    return field;
  }

  // Entry of a field as a number: a category is its code, a date is seconds since 1970, null is missing.
  read(field, column) {
    const text = field.value.trim();
    if (!text) return null;
    if (column.kind !== "date") return Number.isNaN(Number(text)) ? null : Number(text);
    const time = Date.parse(`${text.replace(" ", "T")}${text.length > 10 ? "Z" : ""}`);
    return Number.isNaN(time) ? undefined : time / 1e3;
  }

  write(field, column, entry) {
    if (entry === null) field.value = "";
    else field.value = column.kind === "date" ? dateText(entry) : String(entry);
  }

  toX(entry, place) {
    if (entry === null) return NaN;
    const { kind, center, scale } = this.columns[place];
    return kind === "category" ? entry : (entry - center) / scale;
  }

  judge(x) {
    const answer = this.program.run({ x: tensor("f", [1, ...this.data.shape], Float32Array.from(x)) });
    return {
      score: answer.score.data[0], p_value: answer.p_value.data[0], shares: [...answer.shares.data],
      reasons: [...answer.reason.data], expected: answer.expected ? [...answer.expected.data] : [],
    };
  }

  start(number) {
    this.from = number;
    this.select.selectedIndex = number;
    this.entries = [...this.data.rows[number].entries];
    this.lines.forEach(({ field }, place) => this.write(field, this.columns[place], this.entries[place]));
    this.show();
  }

  edit(place, entry) {
    this.lines[place].field.setCustomValidity(entry === undefined ? "Expected a date such as 2026-01-31." : "");
    if (entry === undefined) return;
    this.entries[place] = entry;
    this.show();
  }

  show() {
    const answer = this.answer = this.judge(this.entries.map((entry, place) => this.toX(entry, place)));
    const { threshold, spreads } = this.data, flagged = answer.score > threshold;
    const score = answer.score >= HIGHEST ? "The row cannot be judged." : `Score ${written(answer.score)}.`;
    this.verdict.className = `verdict ${flagged ? "odd" : "usual"}`;
    this.verdict.textContent = `${score} ${flagged ? "Flagged: above" : "Not flagged: not above"} the threshold ${written(threshold)}. ` +
      `p-value ${written(answer.p_value, 3)}.`;
    this.lines.forEach(({ bar, share, expected, line }, place) => {
      bar.style.width = `${(100 * answer.shares[place]).toFixed(1)}%`;
      share.textContent = `${Math.round(100 * answer.shares[place])} %`;
      line.classList.toggle("edited", this.entries[place] !== this.data.rows[this.from].entries[place]);
      expected.replaceChildren();
    });
    answer.reasons.forEach((place, rank) => {
      if (answer.expected[rank] === undefined || answer.shares[place] <= 0) return;
      const column = this.columns[place], x = answer.expected[rank], spread = spreads[place] * column.scale;
      const text = entryText(column, x), about = spread > 0 && column.kind === "number" ? ` ± ${written(spread, 2)}` : "";
      const button = make("button", { type: "button", className: "link", textContent: text, title: "Put it in the place of the entry" });
      button.addEventListener("click", () => this.take(place, x));
      this.lines[place].expected.append(button, about);
    });
  }

  // Takes what the model expects for an entry.
  take(place, x) {
    const column = this.columns[place], digits = column.kind === "date" || column.step ? 15 : 6;
    const entry = column.kind === "category" ? evenly(x) : column.kind === "boolean" ? Number(x >= 0.5) : Number(entryOf(column, x).toPrecision(digits));
    this.write(this.lines[place].field, column, entry);
    this.edit(place, entry);
    this.lines[place].field.focus();
  }
}

begin(".living.row", LivingRow);
