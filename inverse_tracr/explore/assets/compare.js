// Two programs compared.

import { make, table } from "./dom.js";

const COUNT = (answer) => answer.inputs_checked.toLocaleString("en");

function sentence(answer) {
  if (answer.same_canonical) return "They are one program: their canonical forms are equal.";
  if (answer.verdict === "equivalent") return `Their canonical forms differ, but they say the same on all ${COUNT(answer)} inputs.`;
  if (answer.verdict === "no-counterexample") return `Their canonical forms differ; on the ${COUNT(answer)} inputs that were checked they say the same. There are more.`;
  return `They differ: they agree on ${(100 * answer.agreement).toFixed(2)} % of ${COUNT(answer)} inputs.`;
}

export function comparison(answer, first = "First", second = "Second") {
  const kind = answer.same_canonical ? "equivalent" : answer.verdict;
  const parts = [make("p", { class: `headline ${kind}` }, sentence(answer))];
  if (answer.counterexample.length) parts.push(table(answer.counterexample, "Smallest input found on which they differ"));
  parts.push(forms(answer, first, second));
  return parts;
}

function forms(answer, first, second) {
  const lists = [[first, answer.first, answer.second], [second, answer.second, answer.first]].map(([title, own, other]) => {
    const kept = new Set(other);
    const rows = own.map((row) => make("li", { class: kept.has(row) ? false : "differs" }, make("code", {}, row)));
    return make("div", {}, make("h4", {}, title), make("ol", { class: "form" }, ...rows));
  });
  return make("details", { open: !answer.same_canonical }, make("summary", {}, "Canonical forms"), make("div", { class: "pair" }, ...lists));
}
