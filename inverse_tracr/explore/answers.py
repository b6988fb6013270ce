"""What the API takes and gives: typed, so that its OpenAPI description is complete."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_TEXT = 100_000
"""Characters of a program that is sent to the explorer."""
MAX_WEIGHTS = 32 * 2**20
"""Bytes of an uploaded `model.safetensors`."""
MAX_CONFIG = 1_000_000
"""Characters of an uploaded `config.json`."""
MAX_TRIES = 20

Text = Annotated[str, Field(max_length=MAX_TEXT)]
Title = Annotated[str, Field(max_length=120)]
Sha = Annotated[str, Field(pattern=r"^[0-9a-f]{24}$")]


class Frozen(BaseModel):
    """A value that nothing changes; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Failure(Frozen):
    """An error: what was expected, what came, where, what to do; `line` and `column` count from 1."""

    kind: str
    problem: str
    where: str = ""
    expected: str = ""
    got: str = ""
    advice: str = ""
    line: int | None = None
    column: int | None = None


class FailureAnswer(Frozen):
    """The body of every answer that is an error."""

    error: Failure


class Example(Frozen):
    """A program that is shipped."""

    name: str
    description: str
    text: str


class ShippedModel(Frozen):
    """A model of a quick test set; its program stays hidden until it is found."""

    name: str
    test_set: str
    row: int
    parameters: int


class Examples(Frozen):
    """What can be picked: programs, models, and the methods of decompiling."""

    programs: tuple[Example, ...]
    models: tuple[ShippedModel, ...]
    methods: tuple[str, ...]


class ProgramText(Frozen):
    """A program with its signature as header."""

    text: Text


class CheckAnswer(Frozen):
    """Whether a text is a program; `signature` is its header line."""

    problem: Failure | None
    lines: int
    signature: str


class CompileRequest(ProgramText):
    """Compile a program."""

    mode: Literal["fixed", "tracr"] = "fixed"


class CompressRequest(ProgramText):
    """Distil students of a program until one says what it says on every input."""

    kind: Literal["compressed", "natural"] = "compressed"
    factor: Annotated[float, Field(ge=1, le=8, allow_inf_nan=False)] = 1.25
    tries: Annotated[int, Field(ge=1, le=MAX_TRIES)] = 6
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


class DecompileRequest(Frozen):
    """Find the program of a model that is here."""

    model: Sha
    method: Annotated[str, Field(pattern=r"^[a-z]{1,20}$")] = "auto"


class CompareRequest(Frozen):
    """Two programs, under one signature."""

    first: Text
    second: Text


class UploadRequest(Frozen):
    """A model folder: `config.json` as text, `model.safetensors` in base64."""

    title: Title = "uploaded model"
    config: Annotated[str, Field(max_length=MAX_CONFIG)]
    weights: Annotated[str, Field(max_length=MAX_WEIGHTS * 4 // 3 + 4)]


class ShippedRequest(Frozen):
    """A shipped model, by test set and row."""

    test_set: Annotated[str, Field(pattern=r"^[a-z-]{1,40}$")]
    row: Annotated[int, Field(ge=0, le=10**6)]


class LayerUse(Frozen):
    """Heads and neurons of a layer that write anything."""

    heads: int
    neurons: int


class ModelCard(Frozen):
    """What a model is made of. `program` is the one that it was made from, where that was here."""

    id: Sha
    title: str
    origin: Literal["compiled", "student", "uploaded", "shipped"]
    program: str | None
    signature: str
    output: str
    parameters: int
    sizes: dict[str, int]
    layers: tuple[LayerUse, ...]
    notes: tuple[str, ...] = ()


class Row(Frozen):
    """A row of a table of values, position by position."""

    name: str
    values: tuple[str, ...]
    differs: tuple[int, ...] = ()


class Compared(Frozen):
    """Two programs compared: their canonical forms, and their outputs on the inputs of a comparison."""

    kind: Literal["compared"] = "compared"
    same_canonical: bool
    first: tuple[str, ...]
    second: tuple[str, ...]
    verdict: Literal["equivalent", "no-counterexample", "refuted"]
    inputs_checked: int
    agreement: float
    counterexample: tuple[Row, ...] = ()


class Decompiled(Frozen):
    """What was found of a model; `written` compares it with the program that the model was made from."""

    kind: Literal["decompiled"] = "decompiled"
    model: Sha
    verdict: Literal["equivalent", "no-counterexample", "refuted"]
    program: str | None
    partial: str
    inputs_checked: int
    inputs_possible: str
    agreement: float
    counterexample: tuple[Row, ...]
    note: str
    method: str
    candidates: int
    tried: tuple[str, ...]
    seconds: float
    unexplained: tuple[str, ...]
    written: Compared | None


class Made(Frozen):
    """A model that was compiled or distilled."""

    kind: Literal["made"] = "made"
    model: ModelCard


class Step(Frozen):
    """Something that happened in a job: `done` of `of`."""

    text: str
    done: int
    of: int
    good: bool = False


Outcome = Annotated[Compared | Decompiled | Made, Field(discriminator="kind")]


class JobAnswer(Frozen):
    """A job: running until it is done, failed or stopped."""

    id: Sha
    task: Literal["compile", "compress", "decompile", "compare"]
    state: Literal["running", "done", "failed", "stopped"]
    seconds: float
    steps: tuple[Step, ...]
    outcome: Outcome | None
    error: Failure | None
