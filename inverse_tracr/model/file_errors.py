"""What is wrong with a model file, and the refusal of pickles."""

from __future__ import annotations

from pathlib import Path

from inverse_tracr.errors import BadInputError

PICKLE_SUFFIXES = frozenset({".pt", ".pth", ".pkl", ".pickle", ".bin", ".ckpt", ".joblib", ".dill"})

_ZIP_MAGIC = b"PK\x03\x04"
_PICKLE_PROTOCOLS = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))

_EXPORT_ADVICE = (
    "Pickles can run code when they are opened and are never read here. Where the file is trusted, "
    "write its arrays anew, "
    '`safetensors.torch.save_file(torch.load(FILE, weights_only=True), "model.safetensors")` '
    'or `numpy.savez("model.npz", **arrays)`, and import that'
)


class ModelFileError(BadInputError):
    """A model file is missing, malformed or unsafe; `where` names the file, and the tensor if it is one."""


def in_tensor(path: Path, name: str) -> str:
    """The place of an error about one tensor."""
    return f"{path}, tensor {name}"


def refuse_pickle_suffix(path: Path) -> None:
    """Raise ModelFileError when the name of the file is that of a pickle."""
    if path.suffix.lower() in PICKLE_SUFFIXES:
        raise _pickle_error(path, f"a {path.suffix} file")


def refuse_pickle_content(path: Path, head: bytes, *, zip_expected: bool = False) -> None:
    """Raise ModelFileError when the first bytes are those of a pickle or of `torch.save`'s archive."""
    if head.startswith(_PICKLE_PROTOCOLS):
        raise _pickle_error(path, "a pickle")
    if head.startswith(_ZIP_MAGIC) and not zip_expected:
        raise _pickle_error(path, "a zip archive, as torch.save writes them with a pickle inside")


def _pickle_error(path: Path, got: str) -> ModelFileError:
    return ModelFileError(
        "the file is refused", where=str(path), expected="safetensors or npz", got=got, advice=_EXPORT_ADVICE
    )
