// Reading what is typed into the input.

/** What is wrong with a typed input. */
class InputError extends Error {}

/**
 * Positions in the vocabulary of the tokens in a text; spaces and commas part them. Where every token is
 * one character and none a digit, they may also stand side by side. `typed` has pairs [text, position].
 * Throws InputError, saying which word is no token, or how many tokens there may be.
 */
function readTokens(text, typed, texts, longest) {
  const known = [...typed].sort((a, b) => b[0].length - a[0].length);
  const side = known.every(([word]) => /^("[^\d\s,]"|[^\d\s,])$/u.test(word));
  const found = [];
  let at = skipSpace(text, 0);
  while (at < text.length) {
    const rest = text.slice(at);
    const match = known.find(([word]) => rest.startsWith(word) && (side || /^([\s,]|$)/.test(rest.slice(word.length))));
    if (match) {
      found.push(match[1]);
      at = skipSpace(text, at + match[0].length);
    } else if (rest[0] === ",") {
      at = skipSpace(text, at + 1);
    } else {
      const word = rest.split(/[\s,]/)[0];
      throw new InputError(
        `“${word}” (token ${found.length + 1}) is not in the vocabulary: ${listed(texts)}`,
      );
    }
  }
  if (!found.length || found.length > longest) {
    throw new InputError(`The model reads 1 to ${longest} tokens; there are ${found.length}.`);
  }
  return found;
}

function skipSpace(text, at) {
  let next = at;
  while (next < text.length && /\s/.test(text[next])) next += 1;
  return next;
}

function listed(texts) {
  return texts.slice(0, 30).join("  ") + (texts.length > 30 ? "  …" : "");
}
