// The editor: a plain textarea with line numbers; the line of an error is marked, and its place is a button.

import { ask } from "./api.js";
import { button, make } from "./dom.js";

const QUIET = 250;

export class Editor {
  constructor(area, gutter, says, changed) {
    this.area = area;
    this.gutter = gutter;
    this.says = says;
    this.changed = changed;
    this.timer = 0;
    this.asked = 0;
    area.addEventListener("input", () => this.edited());
    area.addEventListener("scroll", () => { gutter.scrollTop = area.scrollTop; });
  }

  get text() {
    return this.area.value;
  }

  set text(text) {
    this.area.value = text;
    this.area.scrollTop = 0;
    this.edited(0);
  }

  edited(wait = QUIET) {
    this.number(null);
    this.changed();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.check(), wait);
  }

  async check() {
    const asked = ++this.asked;
    try {
      const answer = await ask("POST", "check", { text: this.text });
      if (asked !== this.asked) return;
      if (answer.problem) this.mark(answer.problem);
      else this.praise(answer);
    } catch (error) {
      if (asked === this.asked) this.mark(error.failure || { problem: String(error) });
    }
  }

  praise(answer) {
    this.number(null);
    this.area.removeAttribute("aria-invalid");
    const lines = answer.lines === 1 ? "1 line" : `${answer.lines} lines`;
    this.says.replaceChildren(make("p", { class: "fine" }, `A program of ${lines}.`));
  }

  mark(problem) {
    this.number(problem.line);
    this.area.setAttribute("aria-invalid", "true");
    const place = problem.line
      ? button(`line ${problem.line}, column ${problem.column}`, () => this.go(problem.line, problem.column), { class: "place" })
      : problem.where || "";
    const text = [problem.problem, problem.expected && `expected ${problem.expected}`, problem.got && `got ${problem.got}`].filter(Boolean).join("; ");
    const advice = problem.advice ? `. ${problem.advice}` : "";
    this.says.replaceChildren(make("p", { class: "problem" }, place, place ? ": " : "", text + advice));
  }

  go(line, column) {
    const rows = this.text.split("\n");
    const start = rows.slice(0, line - 1).reduce((sum, row) => sum + row.length + 1, 0) + column - 1;
    this.area.focus();
    this.area.setSelectionRange(start, Math.min(start + 1, this.text.length));
  }

  number(bad) {
    const count = this.text.split("\n").length;
    const rows = Array.from({ length: count }, (_, i) => make("div", { class: i + 1 === bad ? "bad" : false }, String(i + 1)));
    this.gutter.replaceChildren(...rows);
    this.gutter.scrollTop = this.area.scrollTop;
  }
}
