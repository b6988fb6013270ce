// Asking the server, which answers JSON; errors carry what was expected, what came and where.

import { facts, make } from "./dom.js";

export class Refusal extends Error {
  constructor(failure) {
    super(failure.problem);
    this.failure = failure;
  }
}

export async function ask(method, path, body) {
  let response;
  try {
    response = await fetch(`/api/${path}`, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refusal({ problem: "the explorer does not answer", advice: "Start it again in the terminal" });
  }
  const answer = await response.json();
  if (!response.ok) throw new Refusal(answer.error);
  return answer;
}

// An error in a box; returns the failure, so that the editor can mark its line.
export function showFailure(box, error) {
  const failure = error.failure ?? { problem: error.message };
  const place = failure.line ? `line ${failure.line}, column ${failure.column}` : failure.where;
  box.replaceChildren(
    make("div", { class: "failure", role: "alert" },
      make("p", {}, make("strong", {}, failure.problem)),
      facts([["where", place || ""], ["expected", failure.expected || ""], ["got", failure.got || ""], ["what to do", failure.advice || ""]])),
  );
  return failure;
}
