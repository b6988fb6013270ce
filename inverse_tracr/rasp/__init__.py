"""The language: values, programs, text form, interpreter, value sets, canonical form, bridge to Tracr.

In come texts and `tracr.rasp` expressions; out go programs, their meaning on inputs, and text.
Programs are frozen data; analyses live beside them. The interpreter is the meaning against which models,
compilers and decompilers are checked. Nothing here knows of weights, layers or networks.
"""

from inverse_tracr.rasp.functions import (
    BinaryOp,
    BinaryTable,
    Comparison,
    NamedBinary,
    NamedPredicate,
    NamedUnary,
    PredicateTable,
    Side,
    UnaryOp,
    UnaryTable,
)
from inverse_tracr.rasp.inputs import InputSet, comparison_inputs, count_inputs
from inverse_tracr.rasp.interpreter import Trace, evaluate
from inverse_tracr.rasp.parser import Source, parse, parse_signature, parse_source
from inverse_tracr.rasp.printer import print_program, print_signature
from inverse_tracr.rasp.program import (
    INDICES,
    TOKENS,
    Aggregate,
    Encoding,
    Line,
    LinearSequenceMap,
    Map,
    Program,
    ProgramError,
    Select,
    SelectorWidth,
    SequenceMap,
)
from inverse_tracr.rasp.scanner import RaspSyntaxError
from inverse_tracr.rasp.signature import BOS, PAD, Signature
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.rasp.values import Value

__all__ = [
    "BOS",
    "INDICES",
    "PAD",
    "TOKENS",
    "Aggregate",
    "BinaryOp",
    "BinaryTable",
    "Comparison",
    "Encoding",
    "InputSet",
    "Line",
    "LinearSequenceMap",
    "Map",
    "NamedBinary",
    "NamedPredicate",
    "NamedUnary",
    "PredicateTable",
    "Program",
    "ProgramError",
    "RaspSyntaxError",
    "Select",
    "SelectorWidth",
    "SequenceMap",
    "Side",
    "Signature",
    "Source",
    "Trace",
    "UnaryOp",
    "UnaryTable",
    "Value",
    "ValueSets",
    "comparison_inputs",
    "count_inputs",
    "evaluate",
    "parse",
    "parse_signature",
    "parse_source",
    "print_program",
    "print_signature",
]
