// The state of the page in the address's fragment, which no server sees.

const NAMES = ["program", "mode", "done", "kind", "factor", "tries", "seed", "method", "first", "second", "model", "shipped"];

export function readLink() {
  const given = new URLSearchParams(location.hash.slice(1));
  return Object.fromEntries(NAMES.filter((name) => given.has(name)).map((name) => [name, given.get(name)]));
}

export function writeLink(state) {
  const kept = NAMES.filter((name) => state[name] !== undefined && state[name] !== "").map((name) => [name, state[name]]);
  history.replaceState(null, "", kept.length ? `#${new URLSearchParams(kept)}` : location.pathname);
}
