// One line lights up everywhere: in the program, the graph, the tables and the pictures.

const highlight = {
  hovered: null,
  pinned: null,
  followers: [],

  /** Keys of what is lit (line numbers as texts, or "output"); null when nothing is. */
  lit() {
    return this.hovered ?? this.pinned;
  },

  /** Call `follow` after every change. */
  follow(follow) {
    this.followers.push(follow);
  },

  hover(keys) {
    const next = keys && keys.length ? keys : null;
    if (String(next) === String(this.hovered)) return;
    this.hovered = next;
    this.refresh();
  },

  pin(keys) {
    this.pinned = keys && String(keys) !== String(this.pinned) ? keys : null;
    this.hovered = null;
    this.refresh();
  },

  /** Whether something that belongs to `keys` is lit. */
  has(keys) {
    const lit = this.lit();
    return lit !== null && keys.some((key) => lit.includes(key));
  },

  refresh() {
    const lit = this.lit();
    document.body.classList.toggle("lighting", lit !== null);
    for (const shown of document.querySelectorAll("[data-lines]")) {
      shown.classList.toggle("lit", this.has(keysOf(shown.dataset.lines)));
      if (shown.hasAttribute("aria-pressed")) {
        shown.setAttribute("aria-pressed", String(shown.dataset.lines === String(this.pinned)));
      }
    }
    const near = new Set();
    for (const edge of document.querySelectorAll("[data-from]")) {
      const ends = [edge.dataset.from, edge.dataset.to];
      edge.classList.toggle("lit", this.has(ends));
      if (this.has(ends)) ends.forEach((end) => near.add(end));
    }
    for (const box of document.querySelectorAll(".node")) box.classList.toggle("near", near.has(box.dataset.lines));
    this.followers.forEach((follow) => follow(lit));
  },
};

function keysOf(text) {
  return text ? text.split(" ") : [];
}

function keysAround(target) {
  const found = target instanceof Element ? target.closest("[data-lines]") : null;
  return found ? keysOf(found.dataset.lines) : null;
}

/** Let pointer and keyboard light lines up, anywhere on the page. */
function listenForLines() {
  document.addEventListener("pointerover", (event) => highlight.hover(keysAround(event.target)));
  document.addEventListener("focusin", (event) => highlight.hover(keysAround(event.target)));
  document.addEventListener("focusout", () => highlight.hover(null));
  document.addEventListener("click", (event) => {
    const keys = keysAround(event.target);
    if (keys) highlight.pin(keys);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") highlight.pin(null);
    const box = event.target instanceof Element ? event.target.closest("g[data-lines]") : null;
    if (box && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      highlight.pin(keysOf(box.dataset.lines));
    }
  });
}
