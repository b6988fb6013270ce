// The model's forward pass: BOS and tokens, float32 between the steps, no LayerNorm.

/** `x` (count × inner) times the matrix (inner × outer) that begins at `at`, plus a bias; zeros are skipped. */
function affine(x, count, inner, matrix, at, outer, bias, biasAt) {
  const out = new Float32Array(count * outer);
  const sums = new Float64Array(outer);
  for (let row = 0; row < count; row += 1) {
    for (let j = 0; j < outer; j += 1) sums[j] = bias ? bias[biasAt + j] : 0;
    for (let i = 0; i < inner; i += 1) {
      const value = x[row * inner + i];
      if (value === 0) continue;
      const begin = at + i * outer;
      for (let j = 0; j < outer; j += 1) sums[j] += value * matrix[begin + j];
    }
    out.set(sums, row * outer);
  }
  return out;
}

/** Whether a stretch of numbers is all zero. */
function allZero(numbers, from, to) {
  for (let i = from; i < to; i += 1) if (numbers[i] !== 0) return false;
  return true;
}

class Model {
  /** `weights` are decoded arrays, stacked over layers, named as TransformerLens names them. */
  constructor(config, bos, weights) {
    this.config = config;
    this.bos = bos;
    this.weights = weights;
  }

  /** Run rows of W_E (BOS is added); logits and residual streams cover BOS too. */
  run(rows) {
    const { d_model: width, n_layers: layers, d_vocab_out: columns } = this.config;
    const w = this.weights;
    const count = rows.length + 1;
    const embedded = new Float32Array(count * width);
    [this.bos, ...rows].forEach((row, position) => {
      for (let i = 0; i < width; i += 1) {
        embedded[position * width + i] = w.W_E[row * width + i] + w.W_pos[position * width + i];
      }
    });
    const halves = [];
    let stream = embedded;
    for (let layer = 0; layer < layers; layer += 1) {
      for (const half of [this.attend(layer, stream, count), null]) {
        const done = half ?? this.think(layer, stream, count);
        stream = stream.map((value, i) => value + done.written[i]);
        halves.push({ ...done, after: stream });
      }
    }
    const logits = affine(stream, count, width, w.W_U, 0, columns, w.b_U, 0);
    return { count, embedded, halves, logits };
  }

  /** What the heads of a layer write, and each head's pattern (null for heads that write nothing). */
  attend(layer, stream, count) {
    const { d_model: width, n_heads: heads } = this.config;
    const written = new Float32Array(count * width);
    const patterns = [];
    for (let head = 0; head < heads; head += 1) {
      patterns.push(this.head(layer * heads + head, stream, count, written));
    }
    const bias = this.weights.b_O;
    for (let i = 0; i < written.length; i += 1) written[i] += bias[layer * width + (i % width)];
    return { written, patterns };
  }

  /** Add what one head writes to `written`; its pattern, query by key. */
  head(index, stream, count, written) {
    const { d_model: width, d_head: size } = this.config;
    const w = this.weights;
    const block = index * width * size;
    if (allZero(w.W_O, block, block + width * size)) return null;
    const project = (matrix, bias) => affine(stream, count, width, matrix, block, size, bias, index * size);
    const pattern = this.pattern(project(w.W_Q, w.b_Q), project(w.W_K, w.b_K), count);
    const mixed = affine(pattern, count, count, project(w.W_V, w.b_V), 0, size, null, 0);
    const out = affine(mixed, count, size, w.W_O, block, width, null, 0);
    for (let i = 0; i < out.length; i += 1) written[i] += out[i];
    return pattern;
  }

  /** softmax(QKᵀ / √d_head), row by row; later keys are left out of causal models. */
  pattern(queries, keys, count) {
    const { d_head: size, causal } = this.config;
    const pattern = new Float32Array(count * count);
    for (let q = 0; q < count; q += 1) {
      const last = causal ? q : count - 1;
      const scores = [];
      for (let k = 0; k <= last; k += 1) {
        let sum = 0;
        for (let i = 0; i < size; i += 1) sum += queries[q * size + i] * keys[k * size + i];
        scores.push(Math.fround(sum / Math.sqrt(size)));
      }
      const top = Math.max(...scores);
      const shares = scores.map((score) => Math.exp(score - top));
      const total = shares.reduce((sum, share) => sum + share, 0);
      shares.forEach((share, k) => { pattern[q * count + k] = share / total; });
    }
    return pattern;
  }

  /** What the neurons of a layer write, and what they hold after the ReLU. */
  think(layer, stream, count) {
    const { d_model: width, d_mlp: neurons } = this.config;
    const w = this.weights;
    const block = layer * width * neurons;
    const hidden = affine(stream, count, width, w.W_in, block, neurons, w.b_in, layer * neurons);
    for (let i = 0; i < hidden.length; i += 1) hidden[i] = Math.max(hidden[i], 0);
    return { hidden, written: affine(hidden, count, neurons, w.W_out, block, width, w.b_out, layer * width) };
  }
}

/** Column of the value that a position's logits name, -1 where all are below 0.5 in size. */
function namedColumn(logits, at, columns) {
  let best = 0;
  let size = 0;
  for (let i = 0; i < columns; i += 1) {
    const logit = logits[at + i];
    if (Number.isNaN(logit)) return -1;
    size = Math.max(size, Math.abs(logit));
    if (logit > logits[at + best]) best = i;
  }
  return size < 0.5 ? -1 : best;
}
