// Elements, made and found. Text is always set as text.

export const byId = (id) => document.getElementById(id);

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}

export function button(text, action, attributes = {}) {
  const made = make("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", action);
  return made;
}

export function facts(pairs) {
  const list = make("dl", { class: "facts" });
  for (const [name, value] of pairs) {
    if (value !== "" && value !== null) list.append(make("div", {}, make("dt", {}, name), make("dd", {}, String(value))));
  }
  return list;
}

// Rows for input and answers, columns for positions; what differs is marked, in words too.
export function table(rows, caption) {
  const body = make("table", {}, make("caption", {}, caption));
  for (const row of rows) {
    const line = make("tr", {}, make("th", { scope: "row" }, row.name));
    row.values.forEach((value, i) => {
      const differs = row.differs.includes(i);
      const cell = make("td", { class: differs ? "differs" : false }, value);
      if (differs) cell.append(make("span", { class: "unseen" }, " (differs)"));
      line.append(cell);
    });
    body.append(line);
  }
  return make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, body);
}

export function program(text, label) {
  return make("pre", { class: "program", tabindex: 0, role: "region", "aria-label": label }, make("code", {}, text));
}
