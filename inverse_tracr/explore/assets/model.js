// A model's card.

import { facts, make } from "./dom.js";

const ORIGINS = { compiled: "compiled", student: "a distilled student", uploaded: "uploaded", shipped: "shipped; its program is known, but not shown" };

export function modelCard(card) {
  const s = card.sizes;
  const rows = [
    ["origin", ORIGINS[card.origin]],
    ["parameters", card.parameters.toLocaleString("en")],
    ["layers", s.n_layers],
    ["d_model", s.d_model],
    ["heads × d_head", `${s.n_heads} × ${s.d_head}`],
    ["d_mlp", s.d_mlp],
    ["reads", card.signature.replace("# signature: ", "")],
    ["says", card.output],
  ];
  const files = make("p", { class: "row" }, "Files: ", file(card, "model.safetensors"), " ", file(card, "config.json"));
  const notes = make("ul", { class: "notes" }, ...card.notes.map((note) => make("li", {}, note)));
  return [make("h3", {}, card.title), facts(rows), ...(card.notes.length ? [notes] : []), layers(card), files];
}

function file(card, name) {
  return make("a", { href: `/api/models/${card.id}/${name}`, download: name }, name);
}

// Heads and neurons in use, layer by layer.
function layers(card) {
  const rows = card.layers.map((layer, i) =>
    make("tr", {}, make("th", { scope: "row" }, `layer ${i}`), make("td", {}, String(layer.heads)), make("td", {}, String(layer.neurons))));
  const head = make("tr", {}, make("td"), make("th", { scope: "col" }, "heads in use"), make("th", { scope: "col" }, "neurons in use"));
  return make("details", {}, make("summary", {}, "Layers"), make("table", {}, head, ...rows));
}
