"""Repair: a refuted program, edited where it and the model first disagree, until it is right.

In come a model, a program that the verifier refuted, and the verifier; out comes a verified program with what
was edited, or nothing. Where candidates come from is not known here. Every budget is a count.
"""

from inverse_tracr.decompile.repair.present import repaired_proposal
from inverse_tracr.decompile.repair.repair import RepairConfig, Repaired, repair

__all__ = ["RepairConfig", "Repaired", "repair", "repaired_proposal"]
