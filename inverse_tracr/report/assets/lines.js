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
  return [...inputs, ...lines].map((row) => ({ ...row, space: data.spaces.find((space) => space.ref === row.ref) ?? null }));
}

/** What the activations of a subspace say at a position, as the column of the same line would say it. */
function readActivation(space, column, stream, position, width) {
  const held = space.dims.map((dim) => stream[position * width + dim]);
  const valued = held.filter((_, i) => space.values[i] >= 0);
  if (column.kind === "numerical") return { held, known: valued.length > 0, text: valued.length ? numberText(valued[0]) : "", number: valued[0] };
  let best = -1;
  held.forEach((x, i) => { if (space.values[i] >= 0 && (best < 0 || x > held[best])) best = i; });
  const index = best >= 0 && held[best] >= 0.5 ? space.values[best] : -1;
  return { held, known: valued.length > 0, index, text: index < 0 ? "None" : column.values[index] };
}

/** Whether what the activations say is what the program says. */
function sameValue(column, position, activation) {
  if (column.kind !== "numerical") return column.index[position] === activation.index;
  const number = column.numbers[position];
  return Math.abs(number - activation.number) <= 1e-3 * (1 + Math.abs(number));
}

/** The table after a step; `run` holds columns, the stream after the step, texts of positions, and the rank. */
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
      if (row.space && run.stream && state !== "later") {
        const activation = readActivation(row.space, column, run.stream, position + 1, run.width);
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
    const name = make("th", { scope: "row", title: row.text }, make("b", {}, row.name), make("span", { class: "where" }, place));
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
