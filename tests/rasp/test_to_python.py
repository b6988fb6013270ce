"""Generated Python source, run in a process of its own, computes what `to_tracr` computes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from inverse_tracr.rasp.parser import parse
from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.tracr_bridge import to_python, to_tracr
from inverse_tracr.rasp.values import Maybe, Value, to_json
from tests.strategies import signed_programs

DRIVER = """
import json, logging, runpy, sys
logging.disable(logging.WARNING)

def value(data):
    return tuple(value(item) for item in data["tuple"]) if isinstance(data, dict) else data

def plain(data):
    return {"tuple": [plain(item) for item in data]} if isinstance(data, tuple) else data

for case in json.load(sys.stdin):
    program = runpy.run_path(case["path"])["program"]
    tokens = [value(token) for token in case["tokens"]]
    try:
        outputs = [plain(item) for item in program(tokens)]
    except ValueError:
        outputs = "no result"
    print(json.dumps([program.name, outputs]))
"""

AB = Signature(("a", "b"), 4)

TRICKY = """
max = map(tokens, {"a": 1, "b": -2})
lambda = map(max, max(x, 0))
program = map(indices, 6 / x)
total = map(program, x * 3, numerical)
s = select(program, indices, k <= q + 1)
_ = aggregate(s, max)
t = select(lambda, tokens, k == -2)
numbers = aggregate(t, total, numerical)
u = map(numbers, {0: "none", 18.0: (1, "x"), _: 'it\\'s "q"'})
w = select(indices, indices, table {})
v = selector_width(w)
print = sequence_map(v, u, (x, y))
return print
"""


def run(folder: Path, cases: list[tuple[str, tuple[Value, ...]]]) -> list[Any]:
    """Name and outputs of each source on its input."""
    listed: list[dict[str, object]] = []
    for number, (source, tokens) in enumerate(cases):
        path = folder / f"case_{number}.py"
        path.write_text(source, encoding="utf-8")
        listed.append({"path": str(path), "tokens": [to_json(t) for t in tokens]})
    process = subprocess.run(
        [sys.executable, "-c", DRIVER], input=json.dumps(listed), capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr
    return [json.loads(row) for row in process.stdout.splitlines()]


def expected(program: Program, signature: Signature | None, tokens: tuple[Value, ...]) -> list[Any]:
    sop = to_tracr(program, signature)
    try:
        outputs: list[Maybe] = list(sop(list(tokens)))  # pyright: ignore[reportArgumentType]
    except ValueError:
        return [sop.name, "no result"]
    return json.loads(json.dumps([sop.name, [to_json(y) for y in outputs]]))


def test_random_programs_run_as_their_s_ops(tmp_path: Path) -> None:
    found: list[tuple[Program, Signature]] = []

    @settings(max_examples=150, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
    @given(signed_programs(least=3, most=8))
    def collect(signed: tuple[Program, Signature]) -> None:
        found.append(signed)

    collect()
    cases: list[tuple[Program, Signature | None, tuple[Value, ...]]] = []
    for number, (program, signature) in enumerate(found):
        tokens = tuple(signature.vocab[i % len(signature.vocab)] for i in range(signature.max_seq_len))
        cases.append((program, signature if number % 3 else None, tokens))
    sources = [(to_python(program, signature), tokens) for program, signature, tokens in cases]
    assert run(tmp_path, sources) == [expected(*case) for case in cases]


@pytest.mark.parametrize("signature", [None, AB])
def test_names_and_values_that_python_could_trip_over(tmp_path: Path, signature: Signature | None) -> None:
    program = parse(TRICKY)
    tokens: tuple[Value, ...] = ("a", "b", "b")
    found = run(tmp_path, [(program.to_python(signature), tokens)])
    assert found == [expected(program, signature, tokens)]
    assert found[0][1] != "no result"


def test_a_signature_makes_the_source_plain() -> None:
    program = parse("v1 = select(tokens, tokens, <)\nv2 = selector_width(v1)\nv3 = map(v2, x + 1)\nreturn v3")
    assert to_python(program, AB) == (
        "# signature: vocab=[a, b] max_seq_len=4\n"
        "from tracr.rasp import rasp\n\n\n"
        "v1 = rasp.annotate(rasp.Select(rasp.tokens, rasp.tokens, rasp.Comparison.LT), name='v1')\n"
        "v2 = rasp.annotate(rasp.SelectorWidth(v1), name='v2')\n"
        "v3 = rasp.annotate(rasp.Map(lambda x: x + 1, v2), name='v3')\n"
        "program = v3\n"
    )
    guarded = to_python(program)
    assert "def total" in guarded
    assert "selects(lambda k, q: k < q)" in guarded
    assert "def nearest" not in guarded
