"""Sets of dimensions known to belong to one variable."""

from __future__ import annotations

from collections.abc import Iterable


class Groups:
    """Dimensions that belong together (union-find)."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}
        self._joined: set[int] = set()

    def find(self, dim: int) -> int:
        """The representative of a dimension's set: its smallest member."""
        root = dim
        while self._parent.get(root, root) != root:
            root = self._parent[root]
        while self._parent.get(dim, dim) != root:
            self._parent[dim], dim = root, self._parent[dim]
        return root

    def join(self, dims: Iterable[int]) -> None:
        """Say that these dimensions belong to one variable."""
        roots = sorted({self.find(dim) for dim in dims})
        for root in roots[1:]:
            self._parent[root] = roots[0]
            self._joined.add(roots[0])

    def is_joined(self, dim: int) -> bool:
        """Whether a dimension belongs together with another one."""
        return self.find(dim) in self._joined
