"""The command line: thin commands over the other packages.

In come arguments, out go data on standard output and messages on standard error, with the exit codes of
`inverse_tracr.cli.errors`. Commands hold no logic of the domain. They import what is heavy when they run,
so that `--help` answers at once.
"""
