"""The models that are here, each in a folder of its own, the oldest dropped when there are too many."""

from __future__ import annotations

import base64
import binascii
import shutil
import tempfile
import threading
from collections import OrderedDict
from pathlib import Path

from inverse_tracr.errors import BadInputError
from inverse_tracr.explore.answers import MAX_WEIGHTS, ModelCard, UploadRequest
from inverse_tracr.explore.cards import card
from inverse_tracr.model.files import CONFIG_FILE, WEIGHTS_FILE, load
from inverse_tracr.rasp import print_program
from inverse_tracr.zoo import quick_test_sets

MOST_MODELS = 64


class NotHereError(BadInputError):
    """A model, job or example that is not here (any more)."""


class Shelf:
    """Models by id, under a private temporary folder that goes with `close`."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="inverse-tracr-explore-"))
        self._models: OrderedDict[str, tuple[ModelCard, Path]] = OrderedDict()
        self._lock = threading.Lock()

    def fresh(self) -> Path:
        """A new empty folder."""
        return Path(tempfile.mkdtemp(dir=self.root))

    def put(self, found: ModelCard, folder: Path) -> ModelCard:
        """Keep a model that is saved in `folder`; the oldest goes when there are more than `MOST_MODELS`."""
        with self._lock:
            _, place = self._models.pop(found.id, (found, folder))
            self._models[found.id] = (found, place)  # the folder that is there may be read from just now
            dropped = [folder] if place != folder else []
            while len(self._models) > MOST_MODELS:
                dropped.append(self._models.popitem(last=False)[1][1])
        for path in dropped:
            shutil.rmtree(path, ignore_errors=True)
        return found

    def card(self, model: str) -> ModelCard:
        """The card of a model; raises NotHereError."""
        return self._entry(model)[0]

    def folder(self, model: str) -> Path:
        """The folder of a model; raises NotHereError."""
        return self._entry(model)[1]

    def upload(self, sent: UploadRequest) -> ModelCard:
        """Check and keep an uploaded model; raises ModelFileError, nothing of which is kept."""
        folder = self.fresh()
        try:
            (folder / WEIGHTS_FILE).write_bytes(_decoded(sent.weights))
            (folder / CONFIG_FILE).write_text(sent.config, encoding="utf-8", errors="surrogatepass")
            model = load(folder, max_bytes=MAX_WEIGHTS)
            return self.put(card(model, folder, title=sent.title, origin="uploaded", program=None), folder)
        except BadInputError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise _without_folder(error, folder) from error

    def shipped(self, test_set: str, row: int) -> ModelCard:
        """A model of a quick test set; raises NotHereError."""
        zoo = quick_test_sets().get(test_set)
        if zoo is None or row >= len(zoo.split("test")):
            raise NotHereError("no such model is shipped", where=f"{test_set}, row {row}")
        specimen = zoo.specimen("test", row)
        folder = self.fresh()
        specimen.model.save(folder)
        text = print_program(specimen.program, specimen.signature)
        title = f"{test_set} {row}"
        return self.put(card(specimen.model, folder, title=title, origin="shipped", program=text), folder)

    def add(self, path: Path) -> ModelCard:
        """Keep a copy of a model folder of the person who starts the explorer; raises ModelFileError."""
        model, folder = load(path), self.fresh()
        model.save(folder)
        found = card(model, folder, title=path.resolve().name, origin="uploaded", program=None)
        return self.put(found, folder)

    def discard(self, folder: Path) -> None:
        """Remove a folder, unless a model on the shelf lies there."""
        with self._lock:
            kept = any(path == folder for _, path in self._models.values())
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Remove everything from the disk."""
        shutil.rmtree(self.root, ignore_errors=True)

    def _entry(self, model: str) -> tuple[ModelCard, Path]:
        with self._lock:
            if model not in self._models:
                raise NotHereError("this model is not here any more", where=model, advice="Make it again")
            self._models.move_to_end(model)
            return self._models[model]


def _decoded(weights: str) -> bytes:
    try:
        return base64.b64decode(weights, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInputError(
            "the weights are not in base64", where=WEIGHTS_FILE, expected="base64", got=str(error)
        ) from None


def _without_folder(error: BadInputError, folder: Path) -> BadInputError:
    """The same error about the file's own name, since the person never saw the temporary folder."""
    where = error.where.replace(f"{folder}/", "")
    return BadInputError(
        error.problem, where=where, expected=error.expected, got=error.got, advice=error.advice
    )
