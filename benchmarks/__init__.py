"""Measurements: what the project is compared with, how fast it is, and the programs that this is done on.

Every command prints its figures as JSON, and writes its section of `docs/results.md` where it is asked to.
"""
