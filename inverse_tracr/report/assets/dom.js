// Making elements. Text always goes through textContent, so that nothing in a model is ever read as HTML.

/** An element with attributes (null ones left out) and children (texts or elements). */
function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** The element with an id of the page. */
function part(id) {
  return document.getElementById(id);
}

/** A colour of the style sheet as it is now, light or dark. */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** A box that scrolls sideways, reachable by keyboard. */
function scrolling(label, ...children) {
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, ...children);
}
