"""Random programs.

In come a preset, a seed and an index; out comes a program with its signature, the same on every machine.
Programs of the presets `sound` and `tracr` use every line, are nowhere constant, never repeat a line, and
mean the same compiled and interpreted. Nothing here knows of students, zoos or decompilers.
"""

from inverse_tracr.sample.config import Preset, SamplerConfig, default_config, thesis_students_config
from inverse_tracr.sample.function_hash import function_hash, hash_inputs, outputs_hash
from inverse_tracr.sample.sampler import Sample, sample_program

__all__ = [
    "Preset",
    "Sample",
    "SamplerConfig",
    "default_config",
    "function_hash",
    "hash_inputs",
    "outputs_hash",
    "sample_program",
    "thesis_students_config",
]
