"""The fields of a JSON object, taken one by one; what is left over is refused."""

from __future__ import annotations

import math
from typing import cast

from inverse_tracr.model.file_errors import ModelFileError
from inverse_tracr.rasp.values import Maybe, Value, from_json, values_from_json


class JsonFields:
    """Takes fields of known types out of one object; errors name the field and the file."""

    def __init__(self, mapping: dict[str, object], where: str) -> None:
        self._left = dict(mapping)
        self._where = where

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def close(self) -> None:
        """Raise ModelFileError when a field was not taken."""
        if self._left:
            raise ModelFileError("unknown field", where=self._where, got=repr(min(self._left))[:200])

    def wrong(self, name: str, expected: str, got: object) -> ModelFileError:
        """The error for a field whose content is not what it should be."""
        return ModelFileError(
            f"the field {name!r} is wrong", where=self._where, expected=expected, got=_short(got)
        )

    def contradictory(self, error: ValueError) -> ModelFileError:
        """The error for fields that are of the right types but make no sense together."""
        return ModelFileError(f"the fields contradict each other: {error}", where=self._where)

    def take(self, name: str) -> object:
        """The content of a field, whatever it is."""
        if name not in self._left:
            raise ModelFileError(f"the field {name!r} is missing", where=self._where)
        return self._left.pop(name)

    def whole(self, name: str) -> int:
        """A whole number."""
        content = self.take(name)
        if type(content) is not int:
            raise self.wrong(name, "a whole number", content)
        return content

    def number(self, name: str) -> float:
        """A number that is finite."""
        content = self.take(name)
        if type(content) not in (int, float) or not math.isfinite(cast("float", content)):
            raise self.wrong(name, "a number", content)
        return float(cast("float", content))

    def flag(self, name: str) -> bool:
        """`true` or `false`."""
        content = self.take(name)
        if type(content) is not bool:
            raise self.wrong(name, "true or false", content)
        return content

    def text(self, name: str) -> str:
        """A string."""
        content = self.take(name)
        if type(content) is not str:
            raise self.wrong(name, "a string", content)
        return content

    def wholes(self, name: str) -> tuple[int, ...]:
        """A list of whole numbers."""
        content = self.take(name)
        if not isinstance(content, list) or any(
            type(item) is not int for item in cast("list[object]", content)
        ):
            raise self.wrong(name, "a list of whole numbers", content)
        return tuple(cast("list[int]", content))

    def value(self, name: str) -> Maybe:
        """A value of the language, or `null`."""
        content = self.take(name)
        try:
            return from_json(content)
        except (TypeError, ValueError) as error:
            raise self.wrong(name, "a value", content) from error

    def values(self, name: str) -> tuple[Value, ...]:
        """A list of values of the language."""
        content = self.take(name)
        try:
            return values_from_json(content)
        except (TypeError, ValueError) as error:
            raise self.wrong(name, f"a list of values ({error})", content) from error

    def child(self, name: str) -> JsonFields:
        """The fields of an object inside this one."""
        return JsonFields(self.object(name), f"{self._where}, {name}")

    def object(self, name: str) -> dict[str, object]:
        """An object as it is."""
        content = self.take(name)
        if not isinstance(content, dict):
            raise self.wrong(name, "an object", content)
        return cast("dict[str, object]", content)


def _short(content: object) -> str:
    text = repr(content)
    return text if len(text) <= 200 else text[:200] + "…"
