// Theme, sorting, search and filter of a page. Without it tables are plain and the theme is the system's.
"use strict";
{
  const root = document.documentElement, system = matchMedia("(prefers-color-scheme: dark)");
  // A page that is opened from a file may be refused a storage.
  const stored = {
    get: () => { try { return localStorage.getItem("kerasae-theme"); } catch { return null; } },
    set: theme => { try { localStorage.setItem("kerasae-theme", theme); } catch { /* The choice holds for this page. */ } },
  };
  const printing = matchMedia("print");
  const dark = () => !printing.matches && (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const dress = () => {
    root.toggleAttribute("data-dark", dark());
    const button = document.querySelector("#theme");
    if (button) button.textContent = dark() ? "Light theme" : "Dark theme";
    dispatchEvent(new Event("themechange"));
  };
  const chosen = stored.get();
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  dress();
  system.addEventListener("change", dress);
  printing.addEventListener("change", dress);

  const element = (name, properties) => Object.assign(document.createElement(name), properties);
  const text = (row, column) => row.cells[column]?.textContent.trim() ?? "";
  // A number may have a unit or a spread behind it. A date or a code such as 12-AB is none.
  const number = word => {
    const found = /^[-+−]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[-+]?\d+)?(?=$|[\s%±])/.exec(word);
    return found ? parseFloat(found[0].replaceAll(",", "").replace("−", "-")) : NaN;
  };

  // A button in each heading. A click sorts upwards, the next one downwards, the third one as it was written.
  const makeSortable = table => {
    const body = table.tBodies[0], rows = [...body.rows], heads = [...table.tHead.rows[0].cells];
    if (rows.length < 2) return;
    const sort = column => {
      const before = heads[column].getAttribute("aria-sort");
      const now = before === "ascending" ? "descending" : before === "descending" ? null : "ascending";
      for (const head of heads) head.removeAttribute("aria-sort");
      if (now === null) {
        body.append(...rows);
        return;
      }
      heads[column].setAttribute("aria-sort", now);
      const sign = now === "ascending" ? 1 : -1;
      const key = row => {
        const word = text(row, column);
        return { row, word, value: number(word), missing: word === "" || word === "–" };
      };
      const compare = (one, other) => {
        // What is missing comes last in both directions, and words come after numbers.
        if (one.missing !== other.missing) return one.missing - other.missing;
        const [first, second] = [Number.isNaN(one.value), Number.isNaN(other.value)];
        if (first !== second) return first - second;
        return sign * (first ? one.word.localeCompare(other.word) : one.value - other.value);
      };
      body.append(...rows.map(key).sort(compare).map(one => one.row));
    };
    heads.forEach((head, column) => {
      const button = element("button", { type: "button", className: "sort" });
      button.append(...head.childNodes);
      if (!button.textContent.trim()) button.setAttribute("aria-label", "name");
      button.addEventListener("click", () => sort(column));
      head.append(button);
    });
  };

  const makeFiltered = table => {
    const tools = table.parentElement.previousElementSibling;
    const [input, select] = tools.querySelectorAll("input, select");
    const rows = [...table.tBodies[0].rows], filtered = Number(table.dataset.filtered);
    const names = [...new Set(rows.map(row => text(row, filtered)))].filter(name => name).sort();
    for (const name of names) select.add(new Option(name, name));
    const show = () => {
      const word = input.value.trim().toLowerCase();
      let shown = 0;
      for (const row of rows) {
        row.hidden = (select.value && text(row, filtered) !== select.value) ||
          (word && !row.textContent.toLowerCase().includes(word));
        shown += !row.hidden;
      }
      tools.querySelector(".count").textContent = `${shown} of ${rows.length} rows`;
    };
    input.addEventListener("input", show);
    select.addEventListener("change", show);
    tools.hidden = false;
    show();
  };

  addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("#theme");
    button.hidden = false;
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      stored.set(root.dataset.theme);
      dress();
    });
    dress();
    for (const table of document.querySelectorAll("table[data-sortable]")) makeSortable(table);
    for (const table of document.querySelectorAll("table[data-filtered]:not([data-ready])")) makeFiltered(table);
  });
  // What is folded is printed too.
  addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll(".meanings:not([open])")) {
      folded.open = true;
      addEventListener("afterprint", () => { folded.open = false; }, { once: true });
    }
  });
}
