"""The page's own model, interpreter and reader of inputs, against PyTorch and the interpreter."""

from __future__ import annotations

import numpy as np
import pytest

from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp import Signature, comparison_inputs, parse_source
from inverse_tracr.rasp.interpreter import Categorical, Numerical, Trace
from inverse_tracr.rasp.program import Program
from inverse_tracr.report.arrays import encode
from inverse_tracr.report.payload import payload, typed_forms
from inverse_tracr.report.study import study_model
from inverse_tracr.report.tables import tables
from inverse_tracr.report.text import shown
from inverse_tracr.sample import Preset, sample_program
from tests.report.models import EVERY, decompilation, known, random_weights, rotated
from tests.report.node import run_script

RUN_MODEL = """
const arrays = Object.entries(data.weights).map(([name, rows]) => [name, decodeArray(rows)]);
const weights = Object.fromEntries(arrays);
const model = new Model(data.config, data.bos, weights);
return data.inputs.map((tokens) => {
  const { logits } = model.run(tokens.map((token) => data.vocab.rows[token]));
  return Array.from(logits.slice(data.config.d_vocab_out));
});
"""

RUN_PROGRAM = """
return data.programs.map(({ lines, vocab, causal, inputs }) => inputs.map((tokens) => {
  const interpreter = new Interpreter(lines, vocab, causal);
  return interpreter.run(tokens).map((column) => {
    if (column === null) return null;
    if (column.kind === "selector") return column.chosen;
    if (column.kind === "numerical") return column.numbers.map((x) => (Number.isNaN(x) ? null : x));
    return tokens.map((_, i) => cellText(column, i));
  });
}));
"""


def models() -> dict[str, TransformerProgram]:
    found = {name: known(text)[0] for name, text in EVERY.items()}
    found["rotated"] = rotated(found["mixed"])
    found["random"] = random_weights(found["mixed"])
    found["random causal"] = random_weights(found["numbers"])
    return found


@pytest.mark.parametrize("name", models())
def test_the_page_computes_the_logits_of_pytorch(name: str) -> None:
    model = models()[name]
    data = payload(study_model(model, decompilation(None, model.signature)))
    batches = list(comparison_inputs(model.signature, limit=300, samples=60))
    inputs = [tokens for batch in batches for tokens in batch.tolist()]
    found = run_script(RUN_MODEL, {**data, "inputs": inputs})
    expected = [row for batch in batches for row in model.logits_for(batch)]
    for said, logits in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.array(said), logits.ravel(), rtol=1e-4, atol=1e-4)


def python_says(program: Program, signature: Signature, tokens: list[int]) -> list[object]:
    """Every line's values as the page writes them; selectors as lists of lists."""
    trace = Trace(program, signature, np.array([tokens]))
    rows: list[object] = []
    for position in range(len(program)):
        if program.encoding(position) is None:
            rows.append(trace.selection(position).chosen[0].tolist())
            continue
        column = trace.column(position)
        assert isinstance(column, Categorical | Numerical)
        rows.append(column.decode()[0])
    return rows


def same(found: object, expected: object) -> bool:
    if isinstance(found, list) and isinstance(expected, list):
        pairs = zip(found, expected, strict=True)  # pyright: ignore[reportUnknownVariableType]
        return all(same(x, y) for x, y in pairs)  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(found, str) and isinstance(expected, bool | int | float):
        number = {"True": 1.0, "False": 0.0}.get(found)  # True and 1 are one value
        off = (float(found) if number is None else number) - float(expected)
        return abs(off) < 1e-3 * (1 + abs(float(expected)))
    if isinstance(found, str):
        return found == shown(expected)  # pyright: ignore[reportArgumentType]
    return found == expected or (found is not None and abs(found - expected) < 1e-9)  # pyright: ignore[reportOperatorIssue]


def check_programs(programs: list[tuple[Program, Signature]]) -> int:
    """Compare page and interpreter line by line; how many lines the page left out."""
    jobs: list[dict[str, object]] = []
    for program, signature in programs:
        written = tables(program, signature)
        assert written.problem == ""
        batches = comparison_inputs(signature, limit=40, samples=40)
        inputs = [tokens for batch in batches for tokens in batch.tolist()][-60:]
        vocab = [shown(token) for token in signature.vocab]
        jobs.append({"lines": written.lines, "vocab": vocab, "causal": signature.causal, "inputs": inputs})
    missing = 0
    for job, (program, signature), answers in zip(
        jobs, programs, run_script(RUN_PROGRAM, {"programs": jobs}), strict=True
    ):
        inputs = job["inputs"]
        assert isinstance(inputs, list)
        for tokens, rows in zip(inputs, answers, strict=True):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            for line, (found, expected) in enumerate(
                zip(rows, python_says(program, signature, tokens), strict=True)  # pyright: ignore[reportUnknownArgumentType]
            ):
                if found is None:
                    missing += 1
                else:
                    assert same(found, expected), (str(program), tokens, line)
    return missing


def test_the_page_interprets_the_examples() -> None:
    sources = [parse_source(text) for text in EVERY.values()]
    assert check_programs([(s.program, s.signature) for s in sources if s.signature]) == 0


@pytest.mark.parametrize("preset", [Preset.SOUND, Preset.TRACR])
def test_the_page_interprets_random_programs(preset: Preset) -> None:
    samples = [sample_program(preset, seed=7, index=index) for index in range(15)]
    assert check_programs([(sample.program, sample.signature) for sample in samples]) == 0


UNSOUND = """\
# signature: vocab=[1, 2, 4] max_seq_len=4
odd = map(tokens, {1: 1, 4: 2})
all = select(tokens, tokens, True)
mean = aggregate(all, odd)
after = map(mean, x + 1)
wide = map(mean, {1: "a", 2: "b", _: "c"})
return after
"""


def test_means_of_different_values_and_missing_values() -> None:
    source = parse_source(UNSOUND)
    assert source.signature is not None
    assert check_programs([(source.program, source.signature)]) > 0


def test_arrays_come_back_in_the_page() -> None:
    rng = np.random.default_rng(0)
    sparse = np.where(rng.random((3, 2000)) < 0.01, rng.normal(size=(3, 2000)), 0).astype(np.float32)
    gaps = [
        np.r_[np.zeros(n), 1, -2.5, 0, 3e38, np.zeros(n)].astype(np.float32)
        for n in (0, 1, 254, 255, 256, 600)
    ]
    arrays = [*gaps, sparse, rng.normal(size=(4, 5)).astype(np.float32), np.zeros((2, 3), np.float32)]
    found = run_script(
        "return data.map((rows) => Array.from(decodeArray(rows)));", [encode(array) for array in arrays]
    )
    for array, numbers in zip(arrays, found, strict=True):
        assert np.array_equal(array.ravel(), np.array(numbers, dtype=np.float32))


READ = """
return data.texts.map((text) => {
  try { return readTokens(text, data.typed, data.shown, data.longest); }
  catch (error) { if (error instanceof InputError) return error.message; throw error; }
});
"""


def read(text: str, vocab: tuple[str | int, ...], longest: int = 5) -> list[int] | str:
    """What the page makes of a typed input."""
    texts = [shown(token) for token in vocab]
    job = {"texts": [text], "typed": typed_forms(vocab), "shown": texts, "longest": longest}
    return run_script(READ, job)[0]


def test_typed_inputs_are_read() -> None:
    assert read("a b  a,b", ("a", "b")) == [0, 1, 0, 1]
    assert read("hello", ("e", "h", "l", "o")) == [1, 0, 2, 2, 3]
    assert read('a b "a b"', ("a", "a b", "b")) == [1, 1]
    assert read("a  b", ("a", "a b", "b")) == [0, 2]
    assert read(', "," a', (",", "a")) == [0, 0, 1]
    assert read('1 "1"', (1, "1")) == [0, 1]


def test_what_is_no_input_is_said() -> None:
    assert read("a q b", ("a", "b")) == "“q” (token 2) is not in the vocabulary: a  b"
    assert read("12", (1, 2)) == "“12” (token 1) is not in the vocabulary: 1  2"
    assert read("", ("a", "b")) == "The model reads 1 to 5 tokens; there are 0."
    assert read("a b a b a b", ("a", "b")) == "The model reads 1 to 5 tokens; there are 6."
