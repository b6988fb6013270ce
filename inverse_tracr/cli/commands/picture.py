"""`inverse-tracr picture`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from inverse_tracr.cli.destinations import PICTURE, Destination, check_file
from inverse_tracr.cli.errors import UsageError
from inverse_tracr.cli.files import read_model, read_program, read_text
from inverse_tracr.cli.output import note
from inverse_tracr.cli.signatures import signature_of
from inverse_tracr.cli.values import parse_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

KindName = Literal[
    "graph",
    "residual",
    "heads",
    "mlp",
    "embedding",
    "folding",
    "side-by-side",
    "pruning",
    "learning-curve",
    "token-grid",
]

ON_INPUT = ("residual", "heads", "mlp", "side-by-side")
WITH_OTHERS = ("embedding", "folding", "token-grid", "side-by-side")


def picture(
    kind: KindName,
    model: Path,
    /,
    *tokens: str,
    output: Annotated[Destination, Parameter(alias="-o")],
    beside: Annotated[tuple[Path, ...], Parameter(negative="")] = (),
    method: str = "auto",
) -> None:
    """Draw a model as its program explains it: an SVG file, or PNG with the extra `pictures`.

    Parameters
    ----------
    kind
        graph: the program and the residual stream's subspaces; residual: the stream after each half-layer;
        heads: truth table, scores and pattern of each head; mlp: inputs, hidden layer, outputs of each MLP;
        embedding: W_emb and W_embᵀ W_emb of a student beside its teacher; folding: each head before and
        after; side-by-side: the streams of several models of one program; pruning: a program file before
        and after its canonical form; learning-curve: losses and right choices of a run of `train`;
        token-grid: the thesis's tokens of a program beside those of what is found for a model.
    model
        Model folder (model.safetensors and config.json); of a student's pictures the teacher, whose program
        names the directions; of pruning and token-grid a program file with a signature; of learning-curve a
        run's log.jsonl.
    tokens
        The input to draw (residual, heads, mlp, side-by-side), without BOS; left out: a long one of many
        different tokens.
    output
        File to write: .svg or .png.
    beside
        Model folder of the student (embedding, folding), of the model (token-grid), or of another model
        of the same program (side-by-side; may be given several times).
    method
        How programs are proposed: auto, or the name of a proposer.
    """
    check_file(output, PICTURE)
    _check(kind, tokens, beside)
    from inverse_tracr.report import write_whole
    from inverse_tracr.report.pictures import to_png

    match kind:
        case "pruning":
            text = _pruning(model)
        case "learning-curve":
            text = _learning_curve(model)
        case "token-grid":
            text = _token_grid(model, beside[0], method)
        case _:
            text = _model_picture(kind, model, tokens, beside, method)
    write_whole(output, to_png(text) if output.suffix.lower() == ".png" else text.encode())
    note(f"{output}: written")


def _check(kind: KindName, tokens: tuple[str, ...], beside: tuple[Path, ...]) -> None:
    """Raise UsageError for an input or models beside that a kind does not show, or needs."""
    if tokens and kind not in ON_INPUT:
        raise UsageError(f"a picture of this kind shows no input: {kind}", got=" ".join(tokens))
    if bool(beside) != (kind in WITH_OTHERS) or (kind in WITH_OTHERS[:3] and len(beside) != 1):
        one = "one, the model" if kind == "token-grid" else "one, the student"
        wanted = one if kind in WITH_OTHERS[:3] else "one or more"
        expected = wanted if kind in WITH_OTHERS else "none for this kind"
        raise UsageError("the models beside", where="--beside", expected=expected, got=f"{len(beside)}")


def _learning_curve(log: Path) -> str:
    from inverse_tracr.report.pictures import learning_curve_picture

    return learning_curve_picture(read_text(log), where=str(log))


def _token_grid(program: Path, model: Path, method: str) -> str:
    from inverse_tracr.decompile import decompile
    from inverse_tracr.report.pictures import token_grid_picture

    loaded = read_model(model)
    found = decompile(loaded, method=method)
    return token_grid_picture(read_program(program).program, found.program, loaded.signature)


def _pruning(program: Path) -> str:
    from inverse_tracr.report.pictures import pruning_picture

    source = read_program(program)
    return pruning_picture(source.program, signature_of(source.signature, None, None, causal=False))


def _model_picture(
    kind: KindName, model: Path, tokens: Sequence[str], beside: Sequence[Path], method: str
) -> str:
    from inverse_tracr.decompile import decompile
    from inverse_tracr.report import pictures, study_model
    from inverse_tracr.report.samples import varied_input

    loaded, others = read_model(model), [(path.resolve().name, read_model(path)) for path in beside]
    given = parse_tokens(tokens, loaded.signature.vocab) if tokens else varied_input(loaded.signature)
    study = study_model(loaded, decompile(loaded, method=method))
    match kind:
        case "embedding":
            return pictures.embedding_picture(study, others[0][1])
        case "folding":
            return pictures.folding_picture(study, others[0][1])
        case "side-by-side":
            return pictures.side_by_side_picture(study, others, given)
        case _:
            return pictures.picture(pictures.PictureKind(kind), study, given)
