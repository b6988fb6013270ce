"""Engines: who runs the chunks. In goes work and the chunks to do; out come results, in any order.

An engine may lose everything it knows at any moment: what is done is on disk. None knows what a chunk is for.
"""

from inverse_tracr.zoo.engines.engine import Done, Engine, EngineKind, Failed, Result, Work, make_engine

__all__ = ["Done", "Engine", "EngineKind", "Failed", "Result", "Work", "make_engine"]
