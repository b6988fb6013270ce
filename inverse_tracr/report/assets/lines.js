// The table of program values beside activations: a row for each s-op, a column for each position.

/** Lines that hold values, inputs first, in the order in which the model completes them. */
function valueRows(data) {
  const inputs = [
    { ref: TOKENS, name: "tokens", text: "tokens", rank: -1, key: String(TOKENS) },
    { ref: INDICES, name: "indices", text: "indices", rank: -1, key: String(INDICES) },
  ];
  const lines = (data.program ? data.program.lines : [])
    .map((line, ref) => ({ ref, name: line.name, text: line.text, rank: line.rank, key: String(ref), selector: line.selector }))
    .filter((line) => !line.selector)
    .sort((a, b) => a.rank - b.rank || a.ref - b.ref);
  return [...inputs, ...lines].map((row) => ({ ...row, source: sourceOf(data, row.ref) }));
}

/**
 * Where a line's value can be seen in the activations: {values, hold}, where `hold(run, position)` gives
 * numbers that each stand for the value of the same place in `values` (-1 for none); null where nowhere.
 */
function sourceOf(data, ref) {
  const width = data.config.d_model;
  const space = data.spaces.find((found) => found.ref === ref);
  if (space) {
    return { values: space.values, note: "", hold: (run, position) => space.dims.map((dim) => run.stream[position * width + dim]) };
  }
  const readout = data.readouts.find((found) => found.ref === ref);
  if (!readout) return null;
  const [matrix, offset] = [decodeArray(readout.matrix), decodeArray(readout.offset)];
  return {
    values: Array.from(offset, (_, i) => i),
    note: `linear read-out, right in ${(100 * readout.right).toFixed(1)} %`,
    hold: (run, position) => {
      const { written } = run.halves[readout.rank];
      return Array.from(affine(written.subarray(position * width, (position + 1) * width), 1, width, matrix, 0, offset.length, offset, 0));
    },
  };
}

/** What the activations say at a position, as the column of the same line would say it. */
function readActivation(source, column, run, position) {
  const held = source.hold(run, position);
  const valued = held.filter((_, i) => source.values[i] >= 0);
  if (column.kind === "numerical") return { held, known: valued.length > 0, text: valued.length ? numberText(valued[0]) : "", number: valued[0] };
  let best = -1;
  held.forEach((x, i) => { if (source.values[i] >= 0 && (best < 0 || x > held[best])) best = i; });
  const index = best >= 0 && held[best] >= 0.5 ? source.values[best] : -1;
  return { held, known: valued.length > 0, index, text: index < 0 ? "None" : column.values[index] };
}

/** Whether what the activations say is what the program says. */
function sameValue(column, position, activation) {
  if (column.kind !== "numerical") return column.index[position] === activation.index;
  const number = column.numbers[position];
  return Math.abs(number - activation.number) <= 0.02 * (1 + Math.abs(number));
}

/** The table after a step; `run` holds columns, the stream after the step, all half-layers, texts, and the rank. */
function linesTable(rows, run) {
  const head = make("tr", {}, make("th", { scope: "col" }, "s-op"),
    ...run.texts.map((text, i) => make("th", { scope: "col" }, make("span", { class: "at" }, String(i)), make("bdi", {}, text))));
  let compared = 0;
  let differing = 0;
  const body = rows.map((row) => {
    const column = run.columns.get(row.ref);
    const state = row.rank > run.rank ? "later" : row.rank === run.rank ? "now" : "done";
    const cells = run.texts.map((_, position) => {
      if (!column) return make("td", { class: "uncomputed" }, "?");
      const cell = make("td", {}, make("bdi", { class: "value" }, cellText(column, position)));
      if (row.source && run.stream && state !== "later") {
        const activation = readActivation(row.source, column, run, position + 1);
        cell.append(strip(activation.held));
        if (activation.known) {
          compared += 1;
          if (!sameValue(column, position, activation)) {
            differing += 1;
            cell.classList.add("differs");
            cell.append(make("span", { class: "says" }, `model: ${activation.text}`));
          }
        }
      }
      return cell;
    });
    const place = { later: "not yet computed", now: "written here", done: "" }[state];
    const notes = [place, row.source && state !== "later" ? row.source.note : ""].filter(Boolean).join("; ");
    const name = make("th", { scope: "row", title: row.text }, make("b", {}, row.name), make("span", { class: "where" }, notes));
    return make("tr", { class: state, "data-lines": row.key }, name, ...cells);
  });
  return { table: scrolling("Program values and activations", make("table", { class: "lines" }, head, ...body)), compared, differing };
}

/** The dimensions of a subspace at one position as a row of small squares. */
function strip(held) {
  const side = held.length > 24 ? 4 : 7;
  const across = Math.min(held.length, Math.floor(84 / side));
  const rows = Math.ceil(held.length / across);
  const canvas = make("canvas", { class: "strip", "aria-hidden": "true" });
  const dots = window.devicePixelRatio || 1;
  canvas.width = (across * side + 1) * dots;
  canvas.height = (rows * side + 1) * dots;
  canvas.style.width = `${across * side + 1}px`;
  canvas.style.height = `${rows * side + 1}px`;
  const pen = canvas.getContext("2d");
  pen.scale(dots, dots);
  held.forEach((value, i) => {
    const [x, y] = [(i % across) * side, Math.floor(i / across) * side];
    pen.fillStyle = colour("line");
    pen.fillRect(x, y, side + 1, side + 1);
    pen.fillStyle = colour("zero");
    pen.fillRect(x + 1, y + 1, side - 1, side - 1);
    pen.globalAlpha = Math.min(Math.abs(value), 1);
    pen.fillStyle = colour(value < 0 ? "negative" : "positive");
    pen.fillRect(x + 1, y + 1, side - 1, side - 1);
    pen.globalAlpha = 1;
  });
  return canvas;
}
