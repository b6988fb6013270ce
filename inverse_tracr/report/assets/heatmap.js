// Matrices as pictures: a canvas with labels, read cell by cell with pointer or arrow keys, and as a table.

const maps = new Set();
const LABEL_FONT = '11px ui-monospace, "DejaVu Sans Mono", Menlo, monospace';
const HEAD = 20;
const NARROWEST = 18;

/** Draw every picture of the page again, after a change of colours or of what is lit. */
function drawMaps() {
  for (const map of maps) {
    if (map.canvas.isConnected) map.draw();
    else maps.delete(map);
  }
}

/**
 * A picture of a matrix. `rows` are {label, keys}, `columns` texts, `value(r, c)` a number, `marked(r, c)`
 * whether a cell is framed, `height` and `width` the size of a cell (narrower where the `room` is small).
 * `name` says what it shows.
 */
class HeatMap {
  constructor(options) {
    Object.assign(this, { marked: () => false, height: 16, width: 38, corner: "", note: "", room: Infinity }, options);
    this.cursor = null;
    this.canvas = make("canvas", { tabindex: "0", role: "img" });
    this.readout = make("p", { class: "readout", "aria-live": "polite" });
    this.measure();
    this.listen();
    maps.add(this);
  }

  /** The picture with its title, the value under the cursor, and its numbers as a table. */
  figure() {
    const numbers = make("details", { class: "numbers" }, make("summary", {}, "As a table"));
    numbers.addEventListener("toggle", () => {
      if (numbers.open && numbers.childElementCount === 1) numbers.append(this.table());
    });
    const box = make("div", { class: "map-box" }, this.canvas);
    const figure = make("figure", { class: "map" }, make("figcaption", {}, this.name), box, this.readout, numbers);
    if (this.note) figure.insertBefore(make("p", { class: "hint" }, this.note), box);
    this.draw();
    return figure;
  }

  measure() {
    const pen = this.canvas.getContext("2d");
    pen.font = LABEL_FONT;
    const text = (row) => (this.height >= 11 ? row.label : row.group);
    const widest = Math.max(...this.rows.map((row) => pen.measureText(text(row)).width), pen.measureText(this.corner).width, 10);
    this.left = Math.min(Math.ceil(widest), 170) + 14;
    const share = Math.floor((this.room - this.left - 6) / this.columns.length);
    this.width = Math.min(this.width, Math.max(share, NARROWEST));
    this.scale = 0;
    this.rows.forEach((_, r) => this.columns.forEach((__, c) => {
      this.scale = Math.max(this.scale, Math.abs(this.value(r, c)));
    }));
    this.canvas.setAttribute("aria-label", `${this.name}: ${this.rows.length} rows, ${this.columns.length} columns, `
      + `largest size ${numberText(this.scale)}. Arrow keys read cells.`);
  }

  draw() {
    const wide = this.left + this.columns.length * this.width + 2;
    const tall = HEAD + this.rows.length * this.height + 2;
    const dots = Math.min(window.devicePixelRatio || 1, 16000 / tall);
    this.canvas.width = Math.round(wide * dots);
    this.canvas.height = Math.round(tall * dots);
    this.canvas.style.width = `${wide}px`;
    this.canvas.style.height = `${tall}px`;
    const pen = this.canvas.getContext("2d");
    pen.scale(dots, dots);
    pen.font = LABEL_FONT;
    pen.textBaseline = "middle";
    const ink = Object.fromEntries(["ink", "soft", "zero", "positive", "negative", "cell-edge", "accent", "accent-soft"]
      .map((name) => [name, colour(name)]));
    this.drawLabels(pen, ink);
    this.rows.forEach((_, r) => this.columns.forEach((__, c) => this.drawCell(pen, ink, r, c)));
    this.drawGroups(pen, ink);
    if (this.cursor) {
      const [r, c] = this.cursor;
      this.frame(pen, ink.accent, r, c, 2);
    }
  }

  drawLabels(pen, ink) {
    pen.textAlign = "center";
    this.columns.forEach((label, c) => {
      pen.fillStyle = ink.soft;
      pen.fillText(fitting(pen, label, this.width - 3), this.left + (c + 0.5) * this.width, HEAD / 2, this.width);
    });
    pen.textAlign = "left";
    pen.fillStyle = ink.soft;
    pen.fillText(this.corner, 2, HEAD / 2, this.left);
    const every = this.height >= 11;
    let written = -Infinity;
    this.rows.forEach((row, r) => {
      const y = HEAD + r * this.height;
      const lit = highlight.has(row.keys);
      if (lit) {
        pen.fillStyle = ink["accent-soft"];
        pen.fillRect(0, y, this.left - 3, this.height);
        pen.fillStyle = ink.accent;
        pen.fillRect(this.left - 5, y, 3, this.height);
      }
      if (every || (row.first && y - written >= 11)) {
        written = y;
        pen.fillStyle = lit ? ink.accent : ink.ink;
        pen.fillText(fitting(pen, every ? row.label : row.group, this.left - 10), 2, y + (every ? this.height / 2 : 6));
      }
    });
  }

  /** A line above the first row of each group. */
  drawGroups(pen, ink) {
    pen.fillStyle = ink.soft;
    this.rows.forEach((row, r) => {
      if (row.first && r) pen.fillRect(0, HEAD + r * this.height - 0.5, this.left + this.columns.length * this.width, 1);
    });
  }

  drawCell(pen, ink, r, c) {
    const value = this.value(r, c);
    const [x, y] = [this.left + c * this.width, HEAD + r * this.height];
    pen.fillStyle = ink.zero;
    pen.fillRect(x, y, this.width, this.height);
    const share = this.scale ? Math.abs(value) / this.scale : 0;
    pen.globalAlpha = share < 1e-4 ? 0 : Math.max(share, 0.06);
    pen.fillStyle = value < 0 ? ink.negative : ink.positive;
    pen.fillRect(x, y, this.width, this.height);
    pen.globalAlpha = 1;
    if (this.height >= 5) {
      pen.strokeStyle = ink["cell-edge"];
      pen.lineWidth = 1;
      pen.strokeRect(x + 0.5, y + 0.5, this.width - 1, this.height - 1);
    }
    if (this.height >= 20 && this.width >= 30 && Math.abs(value) >= 0.005) {
      pen.textAlign = "center";
      pen.fillStyle = share > 0.5 ? ink.zero : ink.ink;
      pen.fillText(shortNumber(value), x + this.width / 2, y + this.height / 2 + 1, this.width - 4);
      pen.textAlign = "left";
    }
    if (this.marked(r, c)) this.frame(pen, ink.accent, r, c, 2);
  }

  frame(pen, stroke, r, c, thick) {
    pen.strokeStyle = stroke;
    pen.lineWidth = thick;
    pen.strokeRect(this.left + c * this.width + thick / 2, HEAD + r * this.height + thick / 2, this.width - thick, this.height - thick);
  }

  /** Pointer and arrow keys move the cursor; the row under it lights up its lines. */
  listen() {
    this.canvas.addEventListener("pointermove", (event) => {
      const box = this.canvas.getBoundingClientRect();
      const c = Math.floor((event.clientX - box.left - this.left) / this.width);
      const r = Math.floor((event.clientY - box.top - HEAD) / this.height);
      if (r >= 0 && r < this.rows.length && c < this.columns.length) this.point(r, Math.max(c, 0));
    });
    this.canvas.addEventListener("pointerleave", () => this.point(null));
    this.canvas.addEventListener("blur", () => this.point(null));
    this.canvas.addEventListener("click", () => {
      if (this.cursor && this.rows[this.cursor[0]].keys.length) highlight.pin(this.rows[this.cursor[0]].keys);
    });
    this.canvas.addEventListener("keydown", (event) => {
      const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
      const move = moves[event.key];
      if (!move) return;
      event.preventDefault();
      const [r, c] = this.cursor ?? [-move[0], -move[1]];
      this.point(clamp(r + move[0], this.rows.length), clamp(c + move[1], this.columns.length));
    });
  }

  point(r, c) {
    if (r === null) {
      this.cursor = null;
      this.readout.textContent = "";
      highlight.hover(null);
      this.draw();
      return;
    }
    if (this.cursor && this.cursor[0] === r && this.cursor[1] === c) return;
    this.cursor = [r, c];
    this.readout.textContent = `${this.rows[r].label} · ${this.columns[c]}: ${numberText(this.value(r, c))}`
      + (this.marked(r, c) ? ` (${this.markName})` : "");
    highlight.hover(this.rows[r].keys);
    this.draw();
  }

  table() {
    const head = make("tr", {}, make("td"), ...this.columns.map((label) => make("th", { scope: "col" }, label)));
    const rows = this.rows.map((row, r) => make("tr", {}, make("th", { scope: "row" }, row.label),
      ...this.columns.map((_, c) => make("td", {}, numberText(this.value(r, c))))));
    return scrolling(`${this.name}, as a table`, make("table", { class: "plain" }, head, ...rows));
  }
}

function clamp(i, size) {
  return Math.min(Math.max(i, 0), size - 1);
}

/** `text` shortened until it is at most `room` wide. */
function fitting(pen, text, room) {
  if (pen.measureText(text).width <= room) return text;
  let short = [...text];
  while (short.length > 1 && pen.measureText(`${short.join("")}…`).width > room) short = short.slice(0, -1);
  return `${short.join("")}…`;
}

/** A number for a small cell. */
function shortNumber(value) {
  const text = Math.abs(value) >= 10 ? value.toFixed(0) : String(Number.parseFloat(value.toFixed(2)));
  return text.replace(/^(-?)0\./, "$1.");
}
