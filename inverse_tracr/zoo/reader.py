"""A finished zoo, opened: rows, programs, models, circuits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inverse_tracr.compile import Mode, compile_program, compile_weights
from inverse_tracr.model import TransformerProgram, Weights
from inverse_tracr.model.file_errors import ModelFileError
from inverse_tracr.rasp import Program, Signature, parse_source
from inverse_tracr.zoo.circuits import circuit_json
from inverse_tracr.zoo.config import Kind, ZooConfig
from inverse_tracr.zoo.index import IndexRow, SplitIndex
from inverse_tracr.zoo.manifest import SPLITS, Manifest, read_manifest
from inverse_tracr.zoo.model_json import model_from_json
from inverse_tracr.zoo.weights_file import PackedWeights, open_packed


@dataclass(frozen=True)
class Specimen:
    """One model of a zoo: its row, its program and signature, and the model."""

    kind: Kind
    row: IndexRow
    program: Program
    signature: Signature
    model: TransformerProgram

    def circuit(self) -> dict[str, object]:
        """The ground-truth circuit in JSON's types, as far as it is known for this kind of model."""
        return circuit_json(self.kind, self.program, self.signature)


class Zoo:
    """A zoo in a folder. Raises ModelFileError where there is none."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.manifest: Manifest = read_manifest(self.folder)
        self._splits: dict[str, SplitIndex] = {}
        self._packed: dict[str, PackedWeights] = {}

    @property
    def config(self) -> ZooConfig:
        """What the zoo was asked to hold."""
        return self.manifest.config

    def split(self, name: str) -> SplitIndex:
        """The rows of `train`, `validation` or `test`; raises KeyError for another name."""
        if name not in SPLITS:
            raise KeyError(f"expected one of {', '.join(SPLITS)}, got {name!r}")
        if name not in self._splits:
            prefix = f"data/{name}-"
            names = sorted(file for file in self.manifest.files if file.startswith(prefix))
            self._splits[name] = SplitIndex(self.folder, names)
        return self._splits[name]

    def specimen(self, split: str, row: int) -> Specimen:
        """One model with its program; a standard zoo compiles it now."""
        cells = self.split(split).row(row)
        program, signature = program_of(cells, str(self.folder))
        if not self.config.trained:
            return Specimen(
                self.config.kind,
                cells,
                program,
                signature,
                compile_program(program, signature, mode=Mode.FIXED, cap=self.config.cap),
            )
        return Specimen(self.config.kind, cells, program, signature, self._student(split, row, cells))

    def weights(self, split: str, row: int) -> Weights:
        """The parameters alone, which is faster than the model for a standard zoo."""
        if self.config.trained:
            return self._student(split, row, self.split(split).row(row)).weights()
        program, signature = program_of(self.split(split).row(row), str(self.folder))
        return compile_weights(program, signature, mode=Mode.FIXED, cap=self.config.cap).weights

    def _student(self, split: str, row: int, cells: IndexRow) -> TransformerProgram:
        shard, within = self.split(split).place(row)
        name = self.split(split).names[shard].replace("data/", "weights/").replace(".parquet", ".safetensors")
        if name not in self._packed:
            self._packed[name] = open_packed(self.folder / name)
        packed = self._packed[name]
        return model_from_json(cells["config"], packed[within], f"{self.folder / name}, model {within}")


def program_of(cells: IndexRow, where: str) -> tuple[Program, Signature]:
    """The program of a row and its signature; raises ModelFileError where it has none, or what the parser
    raises.
    """
    source = parse_source(cells["program"])
    if source.signature is None:
        raise ModelFileError("a program has no signature", where=f"{where}, item {cells['item']}")
    return source.program, source.signature
