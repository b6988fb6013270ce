"""Zoos: datasets of models with known programs, built, resumed, checked, loaded and exported.

In come a configuration and an engine; out come a Parquet index, packed weights of students, a manifest and
a card. The same configuration gives the same bytes, however the work was cut, spread and interrupted.
Nothing here knows of decompilers or meta-models.
"""

from inverse_tracr.zoo.build import ChunksFailedError, Progress, build
from inverse_tracr.zoo.config import Acceptance, Kind, Splits, ZooConfig
from inverse_tracr.zoo.job import ZooConflictError
from inverse_tracr.zoo.manifest import Manifest, read_manifest
from inverse_tracr.zoo.quick import quick_test_sets
from inverse_tracr.zoo.reader import Specimen, Zoo

__all__ = [
    "Acceptance",
    "ChunksFailedError",
    "Kind",
    "Manifest",
    "Progress",
    "Specimen",
    "Splits",
    "Zoo",
    "ZooConfig",
    "ZooConflictError",
    "build",
    "quick_test_sets",
    "read_manifest",
]
