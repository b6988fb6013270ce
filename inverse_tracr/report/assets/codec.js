// Arrays as the file holds them: base64 of float32, or only what is not zero.

/** The bytes of a base64 text. */
function bytesOf(text) {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

/** The numbers of an encoded array, row by row. */
function decodeArray(encoded) {
  const data = bytesOf(encoded.data);
  if (encoded.gaps === undefined) return new Float32Array(data.buffer);
  const size = encoded.shape.reduce((product, length) => product * length, 1);
  const book = encoded.book === undefined ? null : new Float32Array(bytesOf(encoded.book).buffer);
  const values = book ? null : new Float32Array(data.buffer);
  const numbers = new Float32Array(size);
  let at = -1;
  let next = 0;
  for (const gap of bytesOf(encoded.gaps)) {
    at += gap;
    if (gap === 255) continue; // the gap goes on in the next byte
    at += 1;
    numbers[at] = book ? book[data[next]] : values[next];
    next += 1;
  }
  return numbers;
}
