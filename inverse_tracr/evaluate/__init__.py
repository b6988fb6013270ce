"""Measures of decompilers: accuracies, floors, the benchmark table.

In: true programs and what was found for them. Out: figures. May not know how anything was found.
"""
