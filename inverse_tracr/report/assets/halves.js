// What one half-layer does on the input: attention patterns and truth tables of heads, hidden layers of MLPs.

const MOST_SHOWN = 72;

/** Pictures of a half-layer; `run` holds its activations, and `frame` the texts of positions, BOS first. */
function halfFigures(page, half, run, frame) {
  if (!half.active) return [make("p", { class: "hint" }, "Nothing is written here.")];
  return half.rank % 2 ? [hiddenFigure(page, half, run, frame)] : headFigures(page, half, run, frame);
}

function headFigures(page, half, run, frame) {
  return half.heads.map(({ head, lines }) => {
    const name = `Head ${half.rank / 2}.${head}`;
    const names = lines.map((line) => page.data.program.lines[line].text);
    const pattern = run.patterns[head];
    const box = make("div", { class: "head", "data-lines": lines.join(" ") }, make("h4", {}, name),
      make("p", { class: "basis" }, names.length ? names.join("\n") : "No line names this head."));
    if (!pattern) return box;
    const figures = make("div", { class: "figures" }, patternFigure(page, name, lines, pattern, frame));
    const truth = truthFigure(page, half, head, name);
    if (truth) figures.append(truth);
    box.append(figures);
    return box;
  });
}

/** Where a head looks: a row for each query, a column for each key; what the program selects is framed. */
function patternFigure(page, name, lines, pattern, frame) {
  const count = frame.length;
  const columns = lines.map((line) => page.columns.get(line)).filter((column) => column && column.kind === "selector");
  const chosen = (q, k) => q > 0 && k > 0 && columns.length > 0 && columns.every((column) => column.chosen[q - 1][k - 1]);
  return new HeatMap({
    name: `${name}: attention pattern`,
    note: columns.length ? "Rows are queries, columns keys; framed: what the program selects." : "Rows are queries, columns keys.",
    rows: frame.map((label) => ({ label, keys: lines.map(String) })),
    columns: frame,
    value: (q, k) => pattern[q * count + k],
    marked: chosen,
    markName: "selected by the program",
    height: 22,
    room: part("half").clientWidth - 16,
  }).figure();
}

/** W_Q W_Kᵀ / √d_head between the dimensions that hold something: the truth table of the predicate. */
function truthFigure(page, half, head, name) {
  const product = queryKey(page, half.rank / 2, head);
  const { d_model: width } = page.data.config;
  const largest = product.reduce((top, x) => Math.max(top, Math.abs(x)), 0);
  const used = (i, j) => Math.abs(product[i * width + j]) > 1e-4 * largest;
  const all = Array.from({ length: width }, (_, i) => i);
  const queries = all.filter((i) => all.some((j) => used(i, j)));
  const keys = all.filter((j) => all.some((i) => used(i, j)));
  const named = (dim) => page.dimension.get(dim).named;
  if (!queries.length || queries.length > MOST_SHOWN || keys.length > MOST_SHOWN) return null;
  if (!queries.every(named) || !keys.every(named)) return null;
  const order = (a, b) => page.dimension.get(a).place - page.dimension.get(b).place;
  queries.sort(order);
  keys.sort(order);
  return new HeatMap({
    name: `${name}: W_Q W_Kᵀ / √d_head`,
    note: "The score of a key (column) for a query (row): the truth table of the select.",
    rows: queries.map((dim) => ({ label: page.dimension.get(dim).label, keys: page.dimension.get(dim).keys })),
    columns: keys.map((dim) => page.dimension.get(dim).short),
    corner: page.dimension.get(keys[0]).space,
    value: (q, k) => product[queries[q] * width + keys[k]],
    height: 20,
    room: part("half").clientWidth - 16,
  }).figure();
}

/** W_Q W_Kᵀ / √d_head of a head, query dimension by key dimension. */
function queryKey(page, layer, head) {
  const { d_model: width, d_head: size, n_heads: heads } = page.data.config;
  const { W_Q, W_K } = page.model.weights;
  const block = (layer * heads + head) * width * size;
  const product = new Float32Array(width * width);
  for (let i = 0; i < width; i += 1) {
    if (allZero(W_Q, block + i * size, block + (i + 1) * size)) continue;
    for (let j = 0; j < width; j += 1) {
      let sum = 0;
      for (let d = 0; d < size; d += 1) sum += W_Q[block + i * size + d] * W_K[block + j * size + d];
      product[i * width + j] = sum / Math.sqrt(size);
    }
  }
  return product;
}

/** The hidden layer of an MLP after the ReLU, a row for each neuron that writes, grouped by line. */
function hiddenFigure(page, half, run, frame) {
  const { d_mlp: neurons } = page.data.config;
  const sorted = [...half.neurons].sort((a, b) => order(a) - order(b) || a.neuron - b.neuron);
  const rows = sorted.map(({ neuron, lines }, i) => {
    const group = lines.map((line) => page.data.program.lines[line].name).join(" ") || "no line";
    const first = i === 0 || String(sorted[i - 1].lines) !== String(lines);
    return { label: `${group} · ${half.name.split(" ")[1]}.${neuron}`, group, first, keys: lines.map(String) };
  });
  return new HeatMap({
    name: `${half.name}: hidden layer after the ReLU`,
    note: `${rows.length} neurons that write to the residual stream, by the line that they belong to.`,
    rows,
    columns: frame,
    value: (r, c) => run.hidden[c * neurons + sorted[r].neuron],
    height: rows.length > 150 ? 5 : 15,
    width: frame.length > 9 ? 30 : 44,
    room: part("half").clientWidth,
  }).figure();
}

function order({ lines }) {
  return lines.length ? lines[0] : Infinity;
}
