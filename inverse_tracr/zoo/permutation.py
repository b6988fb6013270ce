"""A permutation of 0 to n - 1 that is a formula: any entry at once, nothing stored but n and a key."""

from __future__ import annotations

from dataclasses import dataclass

_ROUNDS = 6
_MASK = 2**64 - 1


@dataclass(frozen=True)
class KeyedPermutation:
    """A permutation of range(size), another one for every key: a Feistel network that walks its cycles."""

    size: int
    key: int

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"expected a size of at least 1, got {self.size}")

    def __getitem__(self, index: int) -> int:
        """Where `index` goes; raises IndexError outside the range."""
        if not 0 <= index < self.size:
            raise IndexError(f"expected 0 to {self.size - 1}, got {index}")
        half = max(1, ((self.size - 1).bit_length() + 1) // 2)
        while True:
            index = _feistel(index, half, self.key)
            if index < self.size:
                return index


def mix(*numbers: int) -> int:
    """A key of 64 bits from several numbers, whose order matters."""
    key = 0
    for number in numbers:
        key = _mix(key ^ (number & _MASK))
    return key


def _feistel(number: int, half: int, key: int) -> int:
    mask = (1 << half) - 1
    left, right = number >> half, number & mask
    for round_ in range(_ROUNDS):
        left, right = right, left ^ (mix(key, round_, right) & mask)
    return left << half | right


def _mix(number: int) -> int:
    """The finaliser of splitmix64: every bit of the input moves half of the output."""
    number = (number + 0x9E3779B97F4A7C15) & _MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
    return number ^ (number >> 31)
