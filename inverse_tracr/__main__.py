"""`python -m inverse_tracr`: the command line."""

from __future__ import annotations

from inverse_tracr.cli.app import main

if __name__ == "__main__":
    main()
