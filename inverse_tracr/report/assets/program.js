// The program, run from tables: nothing here knows what any function means.

const TOKENS = -2;
const INDICES = -1;

/** A value that the page's tables do not list; the line and those that read it are not computed then. */
class UnlistedValue extends Error {}

class Interpreter {
  /** `tables` are the lines; `vocab` and `indices` the values of the inputs as texts. */
  constructor(tables, vocab, causal) {
    this.tables = tables;
    this.vocab = vocab;
    this.causal = causal;
  }

  /** Every line's values on an input (positions in the vocabulary); null for lines that cannot be computed. */
  run(tokens) {
    this.columns = new Map([
      [TOKENS, { kind: "categorical", index: tokens, values: this.vocab, numbers: [], extra: [] }],
      [INDICES, inputPositions(tokens.length)],
    ]);
    this.tables.forEach((line, position) => this.columns.set(position, this.attempt(line)));
    return this.tables.map((_, position) => this.columns.get(position));
  }

  attempt(line) {
    try {
      return this[line.operation](line);
    } catch (error) {
      if (error instanceof UnlistedValue) return null;
      throw error;
    }
  }

  column(ref) {
    const found = this.columns.get(ref);
    if (found === null) throw new UnlistedValue();
    return found;
  }

  map(line) {
    const operand = this.column(line.operand);
    const at = operand.kind === "numerical"
      ? operand.numbers.map((number) => nearest(line, number))
      : operand.index;
    return result(line, at.map((i) => lookUp(line, i)));
  }

  sequence_map(line) {
    const [first, second] = [this.column(line.first), this.column(line.second)];
    return result(line, first.index.map((x, position) => {
      const y = second.index[position];
      if (x < 0 || y < 0) return -1;
      if (y >= line.columns) throw new UnlistedValue();
      return lookUp(line, x * line.columns + y);
    }));
  }

  linear_sequence_map(line) {
    const [first, second] = [this.column(line.first), this.column(line.second)];
    const [a, b] = line.factors;
    return { kind: "numerical", numbers: first.numbers.map((x, i) => a * x + b * second.numbers[i]) };
  }

  select(line) {
    const [keys, queries] = [this.column(line.keys), this.column(line.queries)];
    const chosen = queries.index.map((query, q) => keys.index.map((key, k) => {
      if (query < 0 || key < 0 || (this.causal && k > q)) return false;
      if (query >= line.rows.length || key >= line.rows[query].length) throw new UnlistedValue();
      return line.rows[query][key] === "1";
    }));
    return { kind: "selector", chosen };
  }

  selector_width(line) {
    const widths = this.column(line.selector).chosen.map((row) => row.filter(Boolean).length);
    return line.kind === "numerical" ? { kind: "numerical", numbers: widths } : result(line, widths);
  }

  aggregate(line) {
    const { chosen } = this.column(line.selector);
    const values = this.column(line.of);
    if (values.kind === "categorical") return gather(chosen, values);
    const numbers = chosen.map((row) => {
      const sum = row.reduce((total, taken, k) => total + (taken ? values.numbers[k] || 0 : 0), 0);
      return sum / Math.max(row.filter(Boolean).length, 1);
    });
    return { kind: "numerical", numbers };
  }
}

function inputPositions(length) {
  const index = Array.from({ length }, (_, i) => i);
  return { kind: "categorical", index, values: index.map(String), numbers: index, extra: [] };
}

/** Results as a column: numbers where the line is numerical (no value is NaN), else positions of values. */
function result(line, found) {
  if (line.kind === "numerical") {
    return { kind: "numerical", numbers: found.map((x) => (x === null ? NaN : x)) };
  }
  return { kind: "categorical", index: found, values: line.values, numbers: line.numbers, extra: [] };
}

/** Entry of a line's table; no value is null among numbers, and -1 among positions of values. */
function lookUp(line, i) {
  if (i < 0) return line.kind === "numerical" ? null : -1;
  if (i >= line.table.length) throw new UnlistedValue();
  return line.table[i];
}

/** Position of the key nearest to a number, the upper one between two; -1 for no number. */
function nearest(line, number) {
  if (Number.isNaN(number)) return -1;
  let best = -1;
  let distance = Infinity;
  line.at.forEach((key, i) => {
    const off = Math.abs(key - number);
    if (off < distance || (off === distance && key > line.at[best])) [best, distance] = [i, off];
  });
  if (best < 0 || (line.exact && distance > 1e-9 * (1 + Math.abs(number)))) throw new UnlistedValue();
  return best;
}

/** The one value among the chosen positions of each query; several give their mean where all are numbers. */
function gather(chosen, values) {
  const column = { ...values, extra: [...values.extra] };
  column.index = chosen.map((row) => {
    const taken = values.index.filter((_, k) => row[k]);
    const valued = taken.filter((i) => i >= 0);
    if (!valued.length) return -1;
    if (valued.every((i) => i === valued[0])) return 2 * valued.length >= taken.length ? valued[0] : -1;
    return average(column, valued, taken.length);
  });
  return column;
}

/** Position of a mean among the values of a column, which it may extend; -1 where one is no number. */
function average(column, valued, count) {
  const numbers = valued.map((i) => (i < column.values.length
    ? column.numbers[i] : column.extra[i - column.values.length]));
  if (numbers.some((number) => number === null || number === undefined)) return -1;
  const mean = numbers.reduce((sum, number) => sum + number, 0) / count;
  const known = column.numbers.indexOf(mean);
  if (known >= 0) return known;
  const extra = column.extra.indexOf(mean);
  if (extra >= 0) return column.values.length + extra;
  column.extra.push(mean);
  return column.values.length + column.extra.length - 1;
}

/** What a column says at a position, as text. */
function cellText(column, position) {
  if (column.kind === "numerical") {
    return Number.isNaN(column.numbers[position]) ? "None" : numberText(column.numbers[position]);
  }
  const i = column.index[position];
  if (i < 0) return "None";
  return i < column.values.length ? column.values[i] : numberText(column.extra[i - column.values.length]);
}

/** A number in at most four digits that matter. */
function numberText(number) {
  if (Number.isInteger(number)) return String(number);
  return String(Number.parseFloat(number.toPrecision(4)));
}
