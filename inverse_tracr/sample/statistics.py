"""Statistics of sampled programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from inverse_tracr.compile import CompileError, Mode, compile_weights
from inverse_tracr.compile.layers import depths
from inverse_tracr.errors import CapExceededError
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.program import Program, Select
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.sample.function_hash import function_hash, is_constant
from inverse_tracr.sample.sampler import Sample
from inverse_tracr.sample.weights_hash import weights_hash


@dataclass(frozen=True)
class Spread:
    """Mean, median, 95th percentile and maximum of a quantity."""

    mean: float
    median: float
    p95: float
    maximum: float

    def __str__(self) -> str:
        return f"mean {self.mean:.1f}, median {self.median:g}, 95 % {self.p95:g}, at most {self.maximum:g}"


@dataclass(frozen=True)
class Statistics:
    """What a sample of programs is like; shares are between 0 and 1.

    `operations`: share of each operation among all lines. `depth` counts s-ops on the longest path.
    `values`: sizes of the value sets of lines. `rejections`: drafts thrown away, over all drafts.
    `constant_outputs`: one value on all inputs of the function hash. `shorter_canonical`: programs whose
    canonical form has fewer lines. Aliasing: `same_canonical` and `same_function` are the shares of
    programs whose canonical form or function came before; `same_weights` the share of canonical forms that
    are different from all before but compile to weights that came before.
    """

    programs: int
    operations: dict[str, float]
    length: Spread
    depth: Spread
    values: Spread
    rejections: float
    constant_outputs: float
    shorter_canonical: float
    same_canonical: float
    same_function: float
    same_weights: float

    def rows(self) -> list[tuple[str, str]]:
        """Names and values for printing; shares in percent."""
        operations = (f"{name} {share:.1%}" for name, share in self.operations.items())
        return [
            ("programs", str(self.programs)),
            ("operations", ", ".join(operations)),
            ("length", str(self.length)),
            ("depth", str(self.depth)),
            ("values of a line", str(self.values)),
            ("drafts rejected", f"{self.rejections:.2%}"),
            ("constant outputs", f"{self.constant_outputs:.2%}"),
            ("shorter canonical", f"{self.shorter_canonical:.2%}"),
            ("same canonical", f"{self.same_canonical:.3%}"),
            ("same function", f"{self.same_function:.3%}"),
            ("same weights", f"{self.same_weights:.3%}"),
        ]


def statistics(samples: Iterable[Sample]) -> Statistics:
    """Statistics of one or more samples; raises ValueError for none."""
    known = list(samples)
    if not known:
        raise ValueError("expected at least one sample, got none")
    forms = [(s.signature, canonical(s.program, s.signature)) for s in known]
    different = list(dict.fromkeys(forms))
    lines = Counter(type(line).__name__ for s in known for line in s.program.lines)
    rejections = sum(s.rejections for s in known)
    return Statistics(
        programs=len(known),
        operations={name: count / lines.total() for name, count in lines.most_common()},
        length=_spread([len(s.program) for s in known]),
        depth=_spread([max(depths(s.program)) for s in known]),
        values=_spread([size for s in known for size in _value_set_sizes(s.program, s.signature)]),
        rejections=rejections / (len(known) + rejections),
        constant_outputs=sum(is_constant(s.program, s.signature) for s in known) / len(known),
        shorter_canonical=sum(len(form) < len(s.program) for s, (_, form) in zip(known, forms, strict=True))
        / len(known),
        same_canonical=1 - len(different) / len(known),
        same_function=_repeated([function_hash(s.program, s.signature) for s in known]),
        same_weights=_repeated([_weights_key(form, signature) for signature, form in different]),
    )


def _spread(numbers: Sequence[int]) -> Spread:
    array = np.array(numbers, dtype=np.float64)
    median, p95 = np.percentile(array, [50, 95])
    return Spread(float(array.mean()), float(median), float(p95), float(array.max()))


def _repeated(keys: Sequence[Hashable]) -> float:
    return 1 - len(set(keys)) / len(keys)


def _value_set_sizes(program: Program, signature: Signature) -> list[int]:
    values = ValueSets(program, signature)
    return [len(values[ref]) for ref, line in enumerate(program.lines) if not isinstance(line, Select)]


def _weights_key(form: Program, signature: Signature) -> Hashable:
    """Hash of the compiled weights; the form itself where it cannot be compiled."""
    try:
        return weights_hash(compile_weights(form, signature, mode=Mode.FIXED).weights)
    except (CompileError, CapExceededError):
        return (signature, form)
