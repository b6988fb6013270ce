// The page: read the data, check the arithmetic, listen.

const data = JSON.parse(part("data").textContent);
const weights = data.weights && Object.fromEntries(Object.entries(data.weights).map(([name, rows]) => [name, decodeArray(rows)]));
const page = {
  data,
  model: weights ? new Model(data.config, data.bos, weights) : null,
  interpreter: data.program && !data.program.problem
    ? new Interpreter(data.program.tables, data.vocab.texts, data.config.causal) : null,
  dimension: dimensions(data),
  columns: new Map(),
};

/** Each dimension's label and the keys that it lights up; `place` orders them as the subspaces stand. */
function dimensions({ spaces }) {
  const found = new Map();
  for (const space of spaces) {
    space.dims.forEach((dim, i) => found.set(dim, {
      label: space.labels[i],
      short: space.labels[i].split(" = ").at(-1),
      space: space.name,
      named: space.name !== "unnamed",
      keys: space.ref === null ? [] : [String(space.ref)],
      place: found.size,
    }));
  }
  return found;
}

/** Logits of the model for positions in the vocabulary, BOS left out, a list for each position. */
function logitsFor(tokens) {
  const { logits } = page.model.run(tokens.map((token) => data.vocab.rows[token]));
  const columns = data.config.d_vocab_out;
  return tokens.map((_, i) => Array.from(logits.slice((i + 1) * columns, (i + 2) * columns)));
}

/** Largest difference from PyTorch's logits on the inputs that the file brings along. */
function largestDifference() {
  let largest = 0;
  for (const check of data.checks) {
    const expected = decodeArray(check.logits);
    logitsFor(check.tokens).flat().forEach((logit, i) => {
      largest = Math.max(largest, Math.abs(logit - expected[i]) / (1 + Math.abs(expected[i])));
    });
  }
  return largest;
}

function showArithmetic() {
  const place = part("arithmetic");
  if (!page.model) {
    place.textContent = "The weights are too many for a page, so only the program is run here.";
    return;
  }
  const largest = largestDifference();
  const right = largest <= 1e-4;
  place.classList.toggle("problem", !right);
  place.dataset.difference = String(largest);
  place.textContent = right
    ? `Model and program run in this page. Checked against PyTorch on ${data.checks.length} inputs: logits equal within ${Math.max(largest, 1e-6).toExponential(0)}.`
    : `This page's arithmetic is off: its logits differ from PyTorch's by ${largest.toExponential(1)}. Do not trust what it shows below.`;
}

/** The line that is lit, in full. */
function showDetails(lit) {
  const box = part("details");
  const line = lit && lit.length === 1 && data.program ? data.program.lines[Number(lit[0])] : null;
  if (!line) {
    box.replaceChildren();
    return;
  }
  const facts = [["lies in", line.where]];
  if (line.dims.length) facts.push(["dimensions", `${line.dims.slice(0, 40).join(", ")}${line.dims.length > 40 ? ", …" : ""}`]);
  const table = data.program.tables[Number(lit[0])];
  if (table && table.values) facts.push(["values", `${table.values.slice(0, 40).join("  ")}${table.values.length > 40 ? "  …" : ""}`]);
  box.replaceChildren(make("pre", {}, line.text.slice(0, 4000)), make("dl", { class: "facts" },
    ...facts.map(([name, text]) => make("div", {}, make("dt", {}, name), make("dd", {}, text)))));
}

/** Text that reads back as a token. */
function typedForm(token) {
  const forms = data.vocab.typed.filter(([, i]) => i === token).map(([text]) => text);
  return forms.includes(data.vocab.texts[token]) ? data.vocab.texts[token] : forms[0];
}

function listenForInput(stepper) {
  const input = part("input");
  const read = () => {
    try {
      const tokens = readTokens(input.value, data.vocab.typed, data.vocab.texts, data.config.n_ctx - 1);
      part("input-problem").textContent = "";
      input.removeAttribute("aria-invalid");
      stepper.run(tokens);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      part("input-problem").textContent = error.message;
      input.setAttribute("aria-invalid", "true");
    }
  };
  const write = (tokens) => {
    input.value = tokens.map(typedForm).join(" ");
    read();
  };
  input.addEventListener("input", read);
  data.vocab.texts.slice(0, 40).forEach((text, token) => {
    const chip = make("button", { type: "button", class: "chip" }, make("bdi", {}, text));
    chip.addEventListener("click", () => {
      input.value = `${input.value.trimEnd()} ${typedForm(token)}`.trimStart();
      read();
    });
    part("chips").append(chip);
  });
  if (data.counterexample) {
    const button = make("button", { type: "button", class: "quiet" }, "Run the counterexample");
    button.addEventListener("click", () => write(data.counterexample));
    part("typing").append(button);
  }
  write(data.counterexample ?? (data.checks.length ? data.checks.at(-1).tokens : [0]));
}

/** Colours as the system has them, light, or dark; remembered where the browser allows it. */
function listenForTheme() {
  const button = part("theme");
  const themes = ["system", "light", "dark"];
  let theme = "system";
  const show = () => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = `Colours: ${theme}`;
    button.setAttribute("aria-label", `Colours: ${theme}. Press to change.`);
  };
  button.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    show();
    page.stepper.go(page.stepper.step);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => page.stepper.go(page.stepper.step));
  show();
}

/** Let the graph shrink a little where that spares scrolling. */
function fitGraph() {
  const graph = document.querySelector("svg.graph");
  graph.style.minWidth = `${0.75 * graph.width.baseVal.value}px`;
  graph.style.maxWidth = "100%";
  graph.style.height = "auto";
}

let waiting = false;
highlight.follow((lit) => {
  showDetails(lit);
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    drawMaps();
  });
});

page.stepper = new Stepper(page);
listenForLines();
listenForTheme();
fitGraph();
showArithmetic();
listenForInput(page.stepper);

/** For the console and for tests: the model and the program of this page as functions. */
globalThis.inverseTracr = {
  data,
  logits: logitsFor,
  program: (tokens) => {
    const columns = page.interpreter.run(tokens);
    return columns.map((column) => column && (column.kind === "selector" ? column.chosen : tokens.map((_, i) => cellText(column, i))));
  },
  ready: true,
};
