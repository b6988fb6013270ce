// The page: what is written, what is made of it, and the link that brings it back.

import { ask, showFailure } from "./api.js";
import { comparison } from "./compare.js";
import { byId, make } from "./dom.js";
import { Editor } from "./editor.js";
import { finding } from "./found.js";
import { runJob } from "./jobs.js";
import { readLink, writeLink } from "./link.js";
import { modelCard } from "./model.js";

const OPTIONS = ["mode", "kind", "factor", "tries", "seed", "method", "first", "second"];
const DEFAULTS = Object.fromEntries(OPTIONS.map((name) => [name, byId(name).value]));
const THEMES = ["system", "light", "dark"];

// `base` is what the model began as: { shipped } or { model } (uploaded), or nothing: the editor's program.
const page = { card: null, found: null, base: {}, done: "", restoring: true };
const editor = new Editor(byId("text"), byId("gutter"), byId("says"), remember);

function remember() {
  if (page.restoring) return;
  const state = { program: editor.text, done: page.done, ...page.base };
  for (const name of OPTIONS) if (byId(name).value !== DEFAULTS[name]) state[name] = byId(name).value;
  writeLink(state);
}

// Run a job for a button: the button rests meanwhile, and errors stand in its box.
async function doing(name, task, body) {
  const [asked, box] = [byId(name), byId(`${name}-box`)];
  asked.disabled = true;
  box.replaceChildren(make("p", { class: "hint", role: "status" }, "Asking…"));
  try {
    return await runJob(task, body, box);
  } catch (error) {
    const failure = showFailure(box, error);
    if (error.log && error.log.childElementCount > 1) box.append(error.log);
    if (failure.line && task === "compile") editor.mark(failure);
    return null;
  } finally {
    asked.disabled = false;
  }
}

function showModel(card) {
  page.card = card;
  forgetFound();
  byId("no-model").hidden = true;
  byId("actions").hidden = false;
  byId("compressing").disabled = !card.program;
  byId("card").replaceChildren(...modelCard(card));
  for (const box of ["decompile-box", "compress-box"]) byId(box).replaceChildren();
}

function forgetFound() {
  page.found = null;
  byId("not-found").hidden = false;
  byId("finding").replaceChildren();
  byId("take-found").disabled = true;
}

async function compile() {
  const made = await doing("compile", "compile", { text: editor.text, mode: byId("mode").value });
  if (!made) return false;
  showModel(made.model);
  page.base = {};
  page.done = "compile";
  remember();
  return true;
}

async function compress() {
  const body = { text: page.card.program, kind: byId("kind").value };
  for (const name of ["factor", "tries", "seed"]) body[name] = Number(byId(name).value);
  const made = await doing("compress", "compress", body);
  if (!made) return false;
  const log = [...byId("compress-box").childNodes];
  showModel(made.model);
  byId("compress-box").replaceChildren(...log);
  page.done = "compress";
  remember();
  return true;
}

async function decompile() {
  const found = await doing("decompile", "decompile", { model: page.card.id, method: byId("method").value });
  if (!found) return;
  page.found = found;
  byId("not-found").hidden = true;
  byId("finding").replaceChildren(...finding(found, (text) => { editor.text = text; editor.area.focus(); }));
  byId("take-found").disabled = !found.program;
  page.done = `${page.done.split(" ")[0]} decompile`.trim();
  remember();
}

async function compare() {
  const answer = await doing("compare", "compare", { first: byId("first").value, second: byId("second").value });
  byId("compared").replaceChildren(...(answer ? comparison(answer) : []));
  remember();
}

async function upload() {
  const [weights, config] = [byId("weights").files[0], byId("config").files[0]];
  const box = byId("upload-box");
  try {
    if (!weights || !config) throw new Error("choose both files: model.safetensors and config.json");
    box.replaceChildren(make("p", { class: "hint", role: "status" }, "Checking…"));
    const body = { title: weights.name.slice(0, 100), config: await config.text(), weights: await base64(weights) };
    const card = await ask("POST", "models", body);
    showModel(card);
    box.replaceChildren(make("p", { class: "hint", role: "status" }, "Checked and taken."));
    page.base = { model: card.id };
    page.done = "take";
    remember();
  } catch (error) {
    showFailure(box, error);
  }
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(new Error("the file cannot be read"));
    reader.readAsDataURL(file);
  });
}

function fillExamples(examples) {
  const programs = make("optgroup", { label: "Programs" });
  for (const example of examples.programs) programs.append(make("option", { value: example.name, title: example.description }, example.name));
  const models = make("optgroup", { label: "Models whose program is to be found" });
  examples.models.forEach((model, i) => models.append(make("option", { value: `model:${i}` }, `${model.name} (${model.parameters.toLocaleString("en")} parameters)`)));
  byId("example").replaceChildren(make("option", { value: "" }, "choose …"), programs, models);
  byId("method").replaceChildren(...examples.methods.map((name) => make("option", {}, name)));
  byId("example").addEventListener("change", () => pick(examples, byId("example").value));
}

async function pick(examples, value) {
  const example = examples.programs.find((one) => one.name === value);
  if (example) {
    editor.text = example.text;
  } else if (value) {
    const { test_set, row } = examples.models[Number(value.split(":")[1])];
    await takeShipped(`${test_set}:${row}`);
  }
}

async function takeShipped(name) {
  const [test_set, row] = name.split(":");
  try {
    showModel(await ask("POST", "models/shipped", { test_set, row: Number(row) }));
  } catch (error) {
    showFailure(byId("compile-box"), error);
    return false;
  }
  byId("compile-box").replaceChildren();
  page.base = { shipped: name };
  page.done = "take";
  remember();
  return true;
}

async function takeUploaded(id) {
  try {
    showModel(await ask("GET", `models/${encodeURIComponent(id)}`));
  } catch (error) {
    showFailure(byId("upload-box"), error);
    byId("upload").open = true;
    return false;
  }
  page.base = { model: id };
  page.done = "take";
  return true;
}

// The model that a link begins with; false when it could not be had.
function begin(link) {
  if (link.model) return takeUploaded(link.model);
  if (link.shipped) return takeShipped(link.shipped);
  return link.done ? compile() : false;
}

// Bring back what a link says: the texts first, then the work that was done.
async function restore(examples) {
  const link = readLink();
  for (const name of OPTIONS) if (link[name] !== undefined) byId(name).value = link[name];
  const first = examples.programs.find((one) => one.name === "sort_unique") || examples.programs[0];
  editor.text = link.program === undefined ? first.text : link.program;
  page.restoring = false;
  const done = link.done || "";
  if ((await begin(link)) && (!done.includes("compress") || (await compress())) && done.includes("decompile")) await decompile();
  if (link.first && link.second) await compare();
}

function nextTheme() {
  const root = document.documentElement;
  const now = THEMES[(THEMES.indexOf(root.dataset.theme || "system") + 1) % THEMES.length];
  if (now === "system") delete root.dataset.theme;
  else root.dataset.theme = now;
  byId("theme").textContent = `Colours: ${now}`;
  byId("theme").setAttribute("aria-label", now === "system" ? "Colours: as the system has them" : `Colours: ${now}`);
}

async function copyLink() {
  remember();
  await navigator.clipboard.writeText(location.href).then(
    () => { byId("copy-link").textContent = "Copied"; },
    () => { byId("copy-link").textContent = "It is in the address bar"; });
  setTimeout(() => { byId("copy-link").textContent = "Copy link"; }, 2000);
}

byId("compile").addEventListener("click", compile);
byId("decompile").addEventListener("click", decompile);
byId("compress").addEventListener("click", compress);
byId("compare").addEventListener("click", compare);
byId("send").addEventListener("click", upload);
byId("theme").addEventListener("click", nextTheme);
byId("copy-link").addEventListener("click", copyLink);
byId("take-written").addEventListener("click", () => { byId("first").value = editor.text; remember(); });
byId("take-found").addEventListener("click", () => { byId("second").value = page.found.program; remember(); });
byId("text").addEventListener("keydown", (event) => { if (event.key === "Enter" && event.ctrlKey) compile(); });
for (const name of OPTIONS) byId(name).addEventListener("change", remember);

ask("GET", "examples").then((examples) => {
  fillExamples(examples);
  return restore(examples);
}).catch((error) => showFailure(byId("compile-box"), error)).finally(() => { document.documentElement.dataset.ready = "yes"; });
