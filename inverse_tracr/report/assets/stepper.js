// Running an input and stepping through the half-layers.

class Stepper {
  constructor(page) {
    this.page = page;
    this.rows = valueRows(page.data);
    this.steps = [
      { rank: -1, name: "After the embeddings" },
      ...page.data.halves.filter((half) => half.active).map((half) => ({ rank: half.rank, name: `After ${half.name}`, half })),
      { rank: page.data.halves.length, name: "Output" },
    ];
    this.step = 0;
    part("step").max = String(this.steps.length - 1);
    part("step").addEventListener("input", () => this.go(Number(part("step").value)));
    const moves = { "step-first": () => 0, "step-back": () => this.step - 1, "step-next": () => this.step + 1, "step-last": () => this.steps.length - 1 };
    for (const [id, to] of Object.entries(moves)) part(id).addEventListener("click", () => this.go(to()));
    let wide = window.innerWidth;
    window.addEventListener("resize", () => {
      if (window.innerWidth === wide) return;
      wide = window.innerWidth;
      this.go(this.step);
    });
  }

  /** Run model and program on positions in the vocabulary and show the step that was shown before. */
  run(tokens) {
    const { page } = this;
    this.texts = tokens.map((token) => page.data.vocab.texts[token]);
    this.frame = ["BOS", ...this.texts];
    this.activations = page.model ? page.model.run(tokens.map((token) => page.data.vocab.rows[token])) : null;
    if (page.interpreter) page.interpreter.run(tokens);
    page.columns = page.interpreter ? page.interpreter.columns : new Map([
      [TOKENS, { kind: "categorical", index: tokens, values: page.data.vocab.texts, numbers: [], extra: [] }],
      [INDICES, inputPositions(tokens.length)],
    ]);
    part("stepper").hidden = false;
    part("shown").hidden = false;
    this.showOutputs();
    this.go(this.step);
  }

  go(step) {
    this.step = clamp(step, this.steps.length);
    const { name, rank } = this.steps[this.step];
    part("step").value = String(this.step);
    part("step").setAttribute("aria-valuetext", name);
    part("step-name").replaceChildren(make("b", {}, name), ` — step ${this.step} of ${this.steps.length - 1}`);
    part("step-back").disabled = part("step-first").disabled = this.step === 0;
    part("step-next").disabled = part("step-last").disabled = this.step === this.steps.length - 1;
    document.querySelectorAll(".graph [data-rank]").forEach((band) => band.classList.toggle("current", Number(band.dataset.rank) === rank));
    this.showLines(rank);
    this.showHalf(this.steps[this.step]);
    this.showResidual(rank);
    highlight.refresh();
  }

  /** The residual stream after a rank, BOS included; null where the model is not run here. */
  stream(rank) {
    if (!this.activations) return null;
    const { halves, embedded } = this.activations;
    return rank < 0 || !halves.length ? embedded : halves[Math.min(rank, halves.length - 1)].after;
  }

  showOutputs() {
    const head = make("tr", {}, make("td"), ...this.texts.map((text, i) => make("th", { scope: "col" }, make("span", { class: "at" }, String(i)), make("bdi", {}, text))));
    const rows = [head];
    const said = this.activations ? modelOutputs(this.page.data, this.activations) : null;
    const column = this.page.data.program ? this.page.columns.get(this.page.data.program.output) : null;
    const cell = (text, differs) => make("td", { class: differs ? "differs" : null }, make("bdi", { class: "value" }, text));
    if (said) rows.push(make("tr", { id: "model-says" }, make("th", { scope: "row" }, "model"), ...said.map(({ text }) => cell(text, false))));
    let differing = 0;
    if (column) {
      rows.push(make("tr", { id: "program-says", "data-lines": "output" }, make("th", { scope: "row" }, "program"), ...this.texts.map((_, i) => {
        const differs = said !== null && !sameOutput(this.page.data.output, said[i], column, i);
        if (differs) differing += 1;
        return cell(cellText(column, i), differs);
      })));
    }
    const text = !said || !column ? "" : differing ? `They differ at ${differing} of ${this.texts.length} positions.` : "They agree at every position.";
    part("outputs").replaceChildren(scrolling("Outputs", make("table", { class: "lines" }, ...rows)), make("p", { class: differing ? "problem" : "fine", id: "agreement" }, text));
  }

  showLines(rank) {
    const { data } = this.page;
    const { table, compared, differing } = linesTable(this.rows, {
      rank, columns: this.page.columns, stream: this.stream(rank), texts: this.texts, halves: this.activations ? this.activations.halves : [],
    });
    const text = compared === 0
      ? "No part of the residual stream is known to hold one of these, so only the program's values are shown."
      : differing ? `The activations differ from the program in ${differing} of ${compared} cells.`
        : `The activations say what the program says in all ${compared} cells so far.`;
    const notes = [make("p", { class: differing ? "problem" : compared ? "fine" : "hint", id: "cells" }, text)];
    if (data.program && data.program.problem) notes.push(make("p", { class: "hint" }, `The program is not run in this page: ${data.program.problem}`));
    part("lines").replaceChildren(table, ...notes);
  }

  showHalf({ rank, half }) {
    part("half-title").textContent = half ? half.name.replace(/^l/, "L") : rank < 0 ? "Embeddings" : "Logits";
    if (!this.activations) {
      part("half").replaceChildren(make("p", { class: "hint" }, "The weights are too many for a page, so the model is not run here."));
    } else if (half) {
      part("half").replaceChildren(...halfFigures(this.page, half, this.activations.halves[rank], this.frame));
    } else if (rank < 0) {
      part("half").replaceChildren(make("p", { class: "hint" }, "The embeddings write tokens and positions; BOS comes first. Step on to see what each half-layer adds."));
    } else {
      part("half").replaceChildren(logitsFigure(this.page.data, this.activations, this.texts));
    }
  }

  showResidual(rank) {
    const { data } = this.page;
    const stream = this.stream(rank);
    if (!stream) return part("residual").replaceChildren();
    const width = data.config.d_model;
    const before = rank >= 0 && this.steps[this.step].half ? this.stream(rank - 1) : null;
    const rows = data.spaces.flatMap((space) => space.dims.map((dim, i) => ({
      dim, label: space.labels[i], group: space.name, first: i === 0, keys: space.ref === null ? [] : [String(space.ref)],
    })));
    const changed = (r, c) => before !== null && Math.abs(stream[c * width + rows[r].dim] - before[c * width + rows[r].dim]) > 1e-3;
    const few = 2 * rows.filter((_, r) => this.frame.some((__, c) => changed(r, c))).length <= rows.length;
    return part("residual").replaceChildren(new HeatMap({
      name: this.steps[this.step].half || rank < 0 ? `Residual stream ${this.steps[this.step].name.replace(/^A/, "a")}` : "Residual stream at the end",
      note: `${width} dimensions, one row each${before && few ? "; framed: changed by this half-layer" : before ? "; this half-layer changes most of them" : ""}.`,
      rows,
      columns: this.frame,
      value: (r, c) => stream[c * width + rows[r].dim],
      marked: (r, c) => few && changed(r, c),
      markName: "changed by this half-layer",
      height: rows.length > 150 ? 6 : 15,
      width: this.frame.length > 9 ? 30 : 44,
      room: part("residual").clientWidth,
    }).figure());
  }
}

/** What the model's logits say, position by position, BOS left out. */
function modelOutputs(data, { logits, count }) {
  const columns = data.config.d_vocab_out;
  return Array.from({ length: count - 1 }, (_, i) => {
    const at = (i + 1) * columns;
    if (data.output.kind === "numerical") return { number: logits[at], text: numberText(logits[at]) };
    const column = namedColumn(logits, at, columns);
    return { column, text: column < 0 ? "None" : data.output.values[column] };
  });
}

/** Whether model and program say the same at a position: equal values, or numbers within 1e-4. */
function sameOutput(output, said, column, position) {
  if (output.kind === "categorical" && column.kind === "categorical") {
    const i = column.index[position];
    return i < 0 ? said.column < 0 : output.same[i] === said.column;
  }
  const number = column.kind === "numerical" ? column.numbers[position] : column.numbers[column.index[position]];
  const other = output.kind === "numerical" ? said.number : output.numbers[said.column];
  return Math.abs(number - other) <= 1e-4 * (1 + Math.abs(number));
}

function logitsFigure(data, { logits }, texts) {
  const columns = data.config.d_vocab_out;
  const labels = data.output.kind === "numerical" ? ["number"] : data.output.values;
  return new HeatMap({
    name: "Logits",
    note: "The largest logit of a position names its value.",
    rows: labels.map((label) => ({ label, keys: ["output"] })),
    columns: texts,
    value: (r, c) => logits[(c + 1) * columns + r],
    height: 20,
    width: 44,
  }).figure();
}
