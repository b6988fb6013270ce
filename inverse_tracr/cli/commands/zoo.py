"""`inverse-tracr zoo`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cyclopts import App

from inverse_tracr.cli.destinations import Destination
from inverse_tracr.cli.errors import ExitCode, UsageError, from_options
from inverse_tracr.cli.options import Flag
from inverse_tracr.cli.output import emit, emit_json, note

if TYPE_CHECKING:
    from inverse_tracr.zoo import Manifest, Progress, ZooConfig
    from inverse_tracr.zoo.engines import Engine
    from inverse_tracr.zoo.estimate import Estimate

KindName = Literal["standard", "compressed", "natural"]
PresetName = Literal["sound", "tracr", "thesis", "mixed"]
EngineName = Literal["serial", "local", "ray"]
LayoutName = Literal["safetensors", "hugging-face", "transformer-lens-3", "transformer-lens-4"]

SECONDS_BETWEEN_LINES = 10.0
GIBIBYTE = 2**30

zoo = App(name="zoo", help="Build, check and export datasets of models with known programs.")


@zoo.command
def build(
    *,
    out: Destination,
    count: int,
    kind: KindName = "standard",
    seed: int = 0,
    preset: PresetName = "sound",
    stratified: Flag = False,
    copies: int = 1,
    factor: float = 2.0,
    max_parameters: int = 10_000_000,
    engine: EngineName = "local",
    workers: int | None = None,
    chunk_size: int | None = None,
    memory_gib: float = 4.0,
    minutes: float = 60.0,
    close: Flag = False,
    json: Flag = False,
) -> None:
    """Build a zoo, or go on with one that was interrupted: the same command again resumes.

    Programs and compiled weights are the same whatever the engine, workers and chunk size.

    Parameters
    ----------
    out
        Folder of the zoo.
    count
        Models, each of another function.
    kind
        standard: programs, compiled while loading; compressed and natural: trained students.
    seed
        Stream of programs.
    preset
        Distribution of programs (see `sample`); mixed: three quarters sound, a quarter tracr.
    stratified
        The same number of programs of every length from 4 to 15.
    copies
        Checkpoints kept of every student.
    factor
        Students: width of the teacher over the student's; most programs do not fit at 2.
    max_parameters
        Programs whose compiled models are larger are left out.
    engine
        serial: in this process; local: processes of this machine; ray: a Ray cluster (RAY_ADDRESS).
    workers
        Processes; one a core unless given.
    chunk_size
        Programs made at a time; up to 1,000, or 128 students, unless given.
    memory_gib
        Memory of a worker.
    minutes
        Longest time for a chunk.
    close
        End an interrupted build with the models that it has made, fewer than `count`.
    json
        Print the manifest as one JSON object.
    """
    from inverse_tracr import zoo as zoos

    config = _config(
        kind, count, seed, preset, stratified=stratified, copies=copies, factor=factor, cap=max_parameters
    )
    note(f"{out}: {_one_line(config)}")
    manifest = zoos.build(
        config,
        out,
        engine=_engine(engine, workers, memory_gib, minutes),
        chunk_size=_chunk_size(chunk_size, config),
        report=_Reporter(),
        close=close,
    )
    _show(out, manifest, as_json=json)


@zoo.command
def plan(
    *,
    count: int,
    kind: KindName = "standard",
    seed: int = 0,
    preset: PresetName = "sound",
    stratified: Flag = False,
    factor: float = 2.0,
    max_parameters: int = 10_000_000,
    workers: int | None = None,
    chunk_size: int | None = None,
    json: Flag = False,
) -> None:
    """Say what a zoo would take, measured on a few programs or students here and now; nothing is written.

    Parameters
    ----------
    count
        Models.
    kind
        standard, compressed or natural; some students are trained for the last two, which takes a minute.
    seed
        Stream of programs.
    preset
        Distribution of programs.
    stratified
        The same number of programs of every length from 4 to 15.
    factor
        Students: width of the teacher over the student's.
    max_parameters
        Programs whose compiled models are larger are left out.
    workers
        Processes; one a core unless given.
    chunk_size
        Programs made at a time.
    json
        Print one JSON object.
    """
    from inverse_tracr.zoo.build import trainer_of
    from inverse_tracr.zoo.estimate import estimate

    config = _config(
        kind, count, seed, preset, stratified=stratified, copies=1, factor=factor, cap=max_parameters
    )
    size = _chunk_size(chunk_size, config)
    trainer = trainer_of(config)
    found = estimate(config, chunk_size=size, workers=_workers(workers), trainer=trainer)
    if json:
        emit_json({"config": config.to_json(), **asdict(found)})
    else:
        emit(_plan_text(found, _workers(workers)))


@zoo.command
def info(folder: Path, /, *, json: Flag = False) -> None:
    """Say what a zoo holds, from its manifest.

    Parameters
    ----------
    folder
        Folder of the zoo.
    json
        Print the manifest as one JSON object.
    """
    from inverse_tracr.zoo import read_manifest

    _show(folder, read_manifest(folder), as_json=json)


@zoo.command
def check(folder: Path, /, *, sample: int = 100, seed: int = 0, json: Flag = False) -> ExitCode:
    """Check every file and row of a zoo and a sample of its models; exit code 1 when anything is wrong.

    Models of the sample are compared with their programs; circuits of compiled models are tested by patching.

    Parameters
    ----------
    folder
        Folder of the zoo.
    sample
        Models that are looked at.
    seed
        Which models these are, and the inputs of the patching.
    json
        Print one JSON object.
    """
    from inverse_tracr.zoo.check import check as check_zoo

    found = check_zoo(folder, sample=sample, seed=seed)
    if json:
        problems = [asdict(problem) for problem in found.problems]
        emit_json({"rows": found.rows, "models": found.models, "problems": problems})
    else:
        for problem in found.problems:
            emit(str(problem))
        count = "1 problem" if len(found.problems) == 1 else f"{len(found.problems)} problems"
        note(f"{folder}: {found.rows:,} rows and {found.models:,} models checked, {count} found")
    return ExitCode.PROBLEM_FOUND if found.problems else ExitCode.DONE


@zoo.command
def export(
    folder: Path, /, *, out: Destination, to: LayoutName = "safetensors", limit: int | None = None
) -> None:
    """Write the models of a zoo as files, each with its weights and program.

    Parameters
    ----------
    folder
        Folder of the zoo.
    out
        Folder to write, empty or new.
    to
        safetensors: a model folder a model; hugging-face: these with index and card; transformer-lens-3 and
        transformer-lens-4: state dicts.
    limit
        Most models of every split.
    """
    from inverse_tracr.zoo import Zoo
    from inverse_tracr.zoo.export import Layout
    from inverse_tracr.zoo.export import export as export_zoo

    opened = Zoo(folder)
    counted = _Lines(lambda count: f"{count:,} models")
    written = export_zoo(opened, out, Layout(to), limit=limit, report=counted)
    note(f"{out}: {written:,} models")


@zoo.command(name="test-sets")
def build_test_sets(
    *,
    out: Destination,
    only: str | None = None,
    quick: Flag = False,
    count: int | None = None,
    engine: EngineName = "local",
    workers: int | None = None,
    update: Flag = False,
    close: Flag = False,
) -> None:
    """Build the test sets from their fixed seeds, each into a folder of its own, and compare them with the
    manifest of this version. The same command again resumes.

    Parameters
    ----------
    out
        Folder of the test sets.
    only
        One of them: standard-test, compressed-test, natural-test, imperfect-test or thesis-test.
    quick
        Only the first 48 models of standard-test, compressed-test and natural-test, which come with the
        package.
    count
        Models of each set instead of all of it: the same stream of programs and shares of lengths, fewer
        models. Only whole sets are compared with the manifest.
    engine
        serial, local or ray.
    workers
        Processes; one a core unless given.
    update
        Write the manifest anew instead of comparing; for the developers of this package.
    close
        End interrupted builds with the models that they have made; they are not compared.
    """
    from inverse_tracr.zoo import build as build_zoo
    from inverse_tracr.zoo.test_sets import compare, update_hashes

    for name, config in _test_set_configs(only, count, quick=quick).items():
        chosen = _engine(engine, workers, 4.0, 60.0)
        size = _chunk_size(None, config)
        manifest = build_zoo(
            config, out / name, engine=chosen, chunk_size=size, report=_Reporter(), close=close
        )
        whole = not quick and not close and count is None
        if update and whole:
            update_hashes(name, manifest)
        elif whole:
            compare(name, manifest)
        note(f"{out / name}: {manifest.count:,} models")


def _test_set_configs(only: str | None, count: int | None, *, quick: bool) -> dict[str, ZooConfig]:
    """The test sets that are asked for, by name."""
    from inverse_tracr.zoo.quick import QUICK_SETS, quick_config
    from inverse_tracr.zoo.test_sets import TEST_SETS

    if quick and count is not None:
        raise UsageError("how many models?", expected="--quick or --count", got="both")
    names = QUICK_SETS if quick else tuple(TEST_SETS)
    if only is not None and only not in names:
        raise UsageError("there is no such test set", expected=", ".join(names), got=only)
    chosen = names if only is None else (only,)
    if quick:
        return {name: quick_config(name) for name in chosen}
    configs = {name: TEST_SETS[name].config for name in chosen}
    return configs if count is None else {name: replace(c, count=count) for name, c in configs.items()}


@zoo.command(name="test-functions")
def write_test_functions() -> None:
    """Write the list of functions that no zoo but the test sets may hold; for the developers of this package.

    It goes over the pools of all test sets, and is the same whatever became of their students.
    """
    from inverse_tracr.zoo.test_sets import pool_functions, write_functions

    counted = _Lines(lambda count: f"{count:,} programs of the pools")
    note(f"{write_functions(pool_functions(counted)):,} functions belong to the test sets")


def _config(
    kind: KindName,
    count: int,
    seed: int,
    preset: PresetName,
    *,
    stratified: bool,
    copies: int,
    factor: float,
    cap: int,
) -> ZooConfig:
    from inverse_tracr.sample import Preset
    from inverse_tracr.zoo import Kind, ZooConfig
    from inverse_tracr.zoo.test_sets import MIXED

    presets = MIXED if preset == "mixed" else (Preset(preset),)
    with from_options():
        return ZooConfig(
            Kind(kind),
            count,
            seed,
            presets=presets,
            stratified=stratified,
            copies=copies,
            factor=factor,
            cap=cap,
        )


def _engine(name: EngineName, workers: int | None, memory_gib: float, minutes: float) -> Engine:
    from inverse_tracr.zoo.engines import EngineKind, make_engine

    return make_engine(
        EngineKind(name),
        workers=_workers(workers),
        memory=int(memory_gib * GIBIBYTE),
        timeout=60.0 * minutes,
    )


def _workers(given: int | None) -> int:
    import os

    count = given if given is not None else os.cpu_count() or 1
    if count < 1:
        raise UsageError("a number of workers", expected="at least 1", got=str(count))
    return count


def _chunk_size(given: int | None, config: ZooConfig) -> int:
    largest = 128 if config.trained else 1_000
    size = given if given is not None else max(16, min(largest, config.count // 8))
    if size < 1:
        raise UsageError("a chunk size", expected="at least 1", got=str(size))
    return size


def _one_line(config: ZooConfig) -> str:
    return " ".join(f"{name}={value}" for name, value in config.to_json().items())


def _show(folder: Path, manifest: Manifest, *, as_json: bool) -> None:
    if as_json:
        emit_json({"zoo": str(folder), **manifest.to_json()})
        return
    size = sum(entry.size for entry in manifest.files.values())
    rows = {
        "kind": manifest.config.kind.value,
        "models": f"{manifest.count:,}" + _short_of(manifest),
        **{f"  {split}": f"{count:,}" for split, count in manifest.rows.items()},
        "presets": ", ".join(preset.value for preset in manifest.config.presets),
        "seed": str(manifest.config.seed),
        "bytes": f"{size:,} in {len(manifest.files)} files",
        "programs": manifest.programs_hash,
        "weights": manifest.weights_hash,
        "made by": manifest.revision,
        **{f"items: {name}": f"{count:,}" for name, count in manifest.outcomes.items()},
    }
    width = max(28, max(map(len, rows)) + 1)
    emit("\n".join(f"{name:<{width}}{text}" for name, text in rows.items()))


def _short_of(manifest: Manifest) -> str:
    """Said where a build was closed before it had made all that was asked for."""
    wanted = manifest.config.count
    return f" (closed early: {wanted:,} were asked for)" if manifest.count < wanted else ""


def _plan_text(found: Estimate, workers: int) -> str:
    rows = {
        "chunks": f"{found.chunks:,}",
        "disk": _bytes(found.disk),
        "disk while building": _bytes(found.disk_while_building),
        "memory": f"{_bytes(found.memory)}, and {_bytes(found.worker_memory)} a worker",
        "core-hours": f"{found.core_hours:.3g}",
        f"hours on {workers} workers": f"{found.hours:.3g}",
        "rows a second and core": f"{found.rate:.3g}",
        "items that become rows": f"{found.share_made:.0%}",
        "engine": "local" if found.core_hours < 100 else "ray, on more machines",
    }
    return "\n".join(f"{name:<28}{text}" for name, text in rows.items())


def _bytes(count: int) -> str:
    return f"{count / 2**20:,.1f} MiB" if count < GIBIBYTE else f"{count / GIBIBYTE:,.2f} GiB"


class _Lines:
    """A line of progress at most every ten seconds, or one that is written over on a terminal."""

    def __init__(self, text: Callable[[int], str]) -> None:
        self._text = text
        self._last = time.monotonic()

    def __call__(self, count: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\033[K{self._text(count)}")
            sys.stderr.flush()
        elif time.monotonic() - self._last >= SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            note(self._text(count))


class _Reporter:
    """Progress of a build, with its rate and the time left."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._lines = _Lines(lambda _count: self._line())

    def __call__(self, progress: Progress) -> None:
        self._progress = progress
        self._lines(progress.made)
        if sys.stderr.isatty() and progress.made + progress.resumed >= progress.goal:
            sys.stderr.write("\n")

    def _line(self) -> str:
        found = self._progress
        if found is None:
            return ""
        rate = found.made / max(found.seconds, 1e-9)
        left = (found.goal - found.made - found.resumed) / max(rate, 1e-9)
        return f"{found.made + found.resumed:,} of {found.goal:,} programs, {rate:.0f}/s, {left:.0f} s left"
