// Jobs: started, followed until they are over, stopped by a button.

import { Refusal, ask } from "./api.js";
import { button, make } from "./dom.js";

const SOON = 120;
const LATER = 500;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// Run a job and show how it goes in `box`; null when it was stopped. Raises Refusal when it fails.
export async function runJob(task, body, box) {
  let job = await ask("POST", `jobs/${task}`, body);
  const clock = make("span", { class: "clock" });
  const bar = make("progress", { max: 1, "aria-label": `Progress of ${task}` });
  const log = make("ol", { class: "steps" });
  const stop = button("Stop", () => ask("DELETE", `jobs/${job.id}`).catch(() => {}), { class: "stop" });
  box.replaceChildren(make("div", { class: "running" }, make("p", { class: "row" }, bar, clock, stop), log));
  let polls = 0;
  while (job.state === "running") {
    await pause(polls++ < 20 ? SOON : LATER);
    job = await ask("GET", `jobs/${job.id}`);
    show(job, clock, bar, log);
  }
  return finish(job, box, log);
}

function show(job, clock, bar, log) {
  clock.textContent = `${job.seconds.toFixed(1)} s`;
  const last = job.steps.at(-1);
  if (last && last.of) {
    bar.max = last.of;
    bar.value = last.done;
  }
  for (const step of job.steps.slice(log.childElementCount)) log.append(make("li", { class: step.good ? "good" : false }, step.text));
}

function finish(job, box, log) {
  if (job.state === "failed") {
    throw Object.assign(new Refusal(job.error), { log });
  }
  if (job.state === "stopped") {
    box.replaceChildren(make("p", { class: "hint", role: "status" }, `Stopped after ${job.seconds.toFixed(1)} s.`));
    return null;
  }
  const done = make("p", { class: "hint", role: "status" }, `Done in ${job.seconds.toFixed(1)} s.`);
  box.replaceChildren(done, ...(log.childElementCount > 1 ? [log] : []));
  return { id: job.id, ...job.outcome };
}
