"""Measures of decompilers: matches, accuracies, floors, the benchmark table.

In: models with their true programs, and a decompiler. Out: figures with intervals, as rows, JSON and
Markdown. Decompilers are given weights and configuration alone, in processes of their own. May not know
how anything was found.
"""

from inverse_tracr.evaluate.cases import Case, TestSetFolder, open_test_set, quick_sets
from inverse_tracr.evaluate.decompilers import Answer, DecompilerSpec, Outcome
from inverse_tracr.evaluate.records import Record, Results
from inverse_tracr.evaluate.run import Evaluation, Progress, RunOptions
from inverse_tracr.evaluate.score import Score
from inverse_tracr.evaluate.summary import Summary, summarise

__all__ = [
    "Answer",
    "Case",
    "DecompilerSpec",
    "Evaluation",
    "Outcome",
    "Progress",
    "Record",
    "Results",
    "RunOptions",
    "Score",
    "Summary",
    "TestSetFolder",
    "open_test_set",
    "quick_sets",
    "summarise",
]
