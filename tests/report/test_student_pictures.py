"""Pictures of students beside their teachers, and of pruning."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from inverse_tracr.cli.errors import ExitCode
from inverse_tracr.compile import Mode
from inverse_tracr.compile.compiler import compile_weights
from inverse_tracr.distill import COMPRESSED, Teacher, distill
from inverse_tracr.distill.folding import folded_model
from inverse_tracr.distill.teacher import Task
from inverse_tracr.errors import BadInputError
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp import parse_source
from inverse_tracr.report import study_model
from inverse_tracr.report.pictures import (
    embedding_picture,
    find_embedding,
    folding_picture,
    pruning_picture,
    side_by_side_picture,
)
from tests.cli.invoke import CommandLine
from tests.report.models import MIXED, SORT, Known, known, rotated
from tests.report.reading import SVG, svg_tree

TEACHER = """\
# signature: vocab=[a, b, c] max_seq_len=4
same = select(tokens, tokens, ==)
count = selector_width(same)
return count
"""

UNTIDY = """\
# signature: vocab=[a, b, c] max_seq_len=4
same = select(tokens, tokens, ==)
count = selector_width(same)
unused = map(count, x + 1)
again = select(tokens, tokens, ==)
other = selector_width(again)
both = sequence_map(count, other, x + y)
return both
"""


@cache
def student() -> tuple[TransformerProgram, np.ndarray]:
    """A student folded with a known W_emb, which is random and keeps nothing apart."""
    source = parse_source(TEACHER)
    assert source.signature is not None
    task = Task.of(Teacher(0, source.program, source.signature), replace(COMPRESSED, factor=1.5), 0)
    random = np.random.default_rng(0)
    w_emb = random.normal(size=(task.d_model, task.config.d_model)).astype(np.float32)
    return folded_model(task, task.compiled.weights, w_emb), w_emb


def texts(svg: str) -> list[str]:
    return ["".join(e.itertext()) for e in svg_tree(svg).iter(f"{SVG}text")]


def test_w_emb_is_found_from_what_is_written() -> None:
    model, w_emb = student()
    found = find_embedding(known(TEACHER)[0], model)
    told_apart = [dim for dim, name in names(known(TEACHER)).items() if not name.startswith("indices")]
    np.testing.assert_allclose(found.matrix[:, told_apart], w_emb[:, told_apart], rtol=1e-3, atol=1e-3)
    assert found.error < 1e-5


def names(case: Known) -> dict[int, str]:
    """The name of the subspace of each dimension."""
    return {dim: space.name for space in study_model(*case).spaces for dim in space.dims}


def test_of_a_model_with_other_heads_the_embeddings_alone_are_compared() -> None:
    teacher = known(TEACHER)[0]
    source = parse_source(TEACHER.replace("==", "!="))
    assert source.signature is not None
    other = compile_weights(source.program, source.signature, mode=Mode.FIXED).model
    assert find_embedding(teacher, other).matrix.shape == (other.config.d_model, teacher.config.d_model)


def test_the_embedding_is_drawn_with_the_names_of_the_found_program() -> None:
    said = texts(embedding_picture(study_model(*known(TEACHER)), student()[0]))
    assert {"W_embᵀ W_emb", "tokens = a", "count = 3"} <= set(said)


def test_a_turned_student_is_seen_as_its_teacher() -> None:
    known_teacher = known(TEACHER)
    svg = folding_picture(study_model(*known_teacher), rotated(known_teacher[0]))
    said = Counter(texts(svg))
    assert said["folded"] == 1
    assert said["tokens = a"] == 4  # queries and keys, before and seen by W_emb
    fills = [box.get("fill") for box in svg_tree(svg).iter(f"{SVG}rect") if box.get("fill")]
    strong = Counter(fills).most_common()
    assert any(count >= 8 for _, count in strong)  # the same squares on both sides


def test_models_of_other_programs_are_refused() -> None:
    study = study_model(*known(TEACHER))
    for draw in (embedding_picture, folding_picture):
        with pytest.raises(BadInputError, match="no teacher and student"):
            draw(study, known(SORT)[0])
    with pytest.raises(BadInputError, match="not of one program"):
        side_by_side_picture(study, [("sort", known(SORT)[0])], ["a"])


def test_models_stand_side_by_side_after_each_half_layer() -> None:
    study = study_model(*known(MIXED))
    svg = side_by_side_picture(study, [("turned", rotated(known(MIXED)[0]))], ["a", "b"])
    said = Counter(texts(svg))
    steps = [text for text in said if text.startswith("after ")]
    assert said["turned"] == len(steps) == 1 + sum(half.active for half in study.halves)


def test_pruned_lines_are_dashed_and_the_canonical_form_stands_beside() -> None:
    source = parse_source(UNTIDY)
    assert source.signature is not None
    svg = pruning_picture(source.program, source.signature)
    said = texts(svg)
    assert "as written: 6 lines" in said
    assert "canonical: 3 lines (3 fewer)" in said
    dashed = [e for e in svg_tree(svg).iter(f"{SVG}g") if (e.get("class") or "").endswith(" part")]
    assert ["".join(e.itertext()).split()[0] for e in dashed] == ["unused"]


def test_the_command_draws_them(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    cli = CommandLine(capsys)
    known(TEACHER)[0].save(tmp_path / "teacher")
    student()[0].save(tmp_path / "student")
    (tmp_path / "untidy.rasp").write_text(UNTIDY)
    out = tmp_path / "out.svg"
    for kind in ("embedding", "folding", "side-by-side"):
        done = cli("picture", kind, tmp_path / "teacher", "--beside", tmp_path / "student", "-o", out)
        assert done.code == ExitCode.DONE, done.err
        assert out.read_text().startswith("<svg")
        out.unlink()
    assert cli("picture", "pruning", tmp_path / "untidy.rasp", "-o", out).code == ExitCode.DONE
    refused = cli("picture", "embedding", tmp_path / "teacher", "-o", out)
    assert refused.code == ExitCode.USAGE
    assert "expected one, the student, got 0" in refused.err


def test_a_distilled_student_has_a_w_emb() -> None:
    source = parse_source(TEACHER)
    assert source.signature is not None
    recipe = replace(COMPRESSED, factor=1.25)
    (made,) = distill([Teacher(0, source.program, source.signature)], recipe, seed=0)
    assert find_embedding(known(TEACHER)[0], made.model).error < 1e-4
