"""One module a command.

Each function reads its arguments, calls one function of the package and prints what came. The modules
import only the standard library, cyclopts and `inverse_tracr.cli` at the top: a command's own `--help`
imports its module.
"""
