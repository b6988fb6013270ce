// What was found of a model.

import { comparison } from "./compare.js";
import { button, facts, make, program, table } from "./dom.js";

const MARKS = { equivalent: "✓", "no-counterexample": "○", refuted: "✗" };

function sentence(found) {
  const count = found.inputs_checked.toLocaleString("en");
  if (found.verdict === "equivalent") return `All ${count} inputs that the model can read were checked: the program, interpreted and compiled again, says what the model says.`;
  if (found.verdict === "no-counterexample") return `${count} of ${found.inputs_possible} inputs were checked, and no difference was found.`;
  if (!found.program) return "No whole program was found for this model.";
  return `The program and the model differ: they agree on ${(100 * found.agreement).toFixed(2)} % of ${count} inputs.`;
}

export function finding(found, takeIntoEditor) {
  const title = make("h3", { class: found.verdict }, make("span", { "aria-hidden": "true" }, `${MARKS[found.verdict]} `), found.verdict);
  const left = make("div", {}, title, make("p", {}, sentence(found)));
  if (found.note) left.append(make("p", { class: "hint" }, found.note));
  if (found.counterexample.length) left.append(table(found.counterexample, "Smallest input found on which they differ"));
  if (found.unexplained.length) left.append(make("h4", {}, "Not explained by any line"), make("ul", { class: "unexplained" }, ...found.unexplained.map((part) => make("li", {}, part))));
  left.append(facts([["method", found.method], ["candidates", `${found.candidates} (${found.tried.join(", ")})`], ["agreement", `${(100 * found.agreement).toFixed(2)} %`], ["time", `${found.seconds.toFixed(2)} s`]]));
  const right = make("div", {}, program(found.program || found.partial || "nothing was understood", "The program found"));
  if (found.program) right.append(make("p", { class: "row" }, button("Put it into the editor", () => takeIntoEditor(found.program))));
  const parts = [make("div", { class: "pair" }, left, right)];
  if (found.written) parts.push(make("h3", {}, "Beside the program that the model was made from"), ...comparison(found.written, "Made from", "Found"));
  return [...parts, ...report(found)];
}

function report(found) {
  const address = `/api/jobs/${found.id}/report`;
  const links = make("p", { class: "row" },
    make("a", { href: address, target: "_blank", rel: "noopener" }, "Open the report in a tab"),
    make("a", { href: address, download: "report.html" }, "Save the report"));
  return [make("h3", {}, "The report"), links, make("iframe", { src: address, sandbox: "allow-scripts", title: "Report: program and model, step by step" })];
}
