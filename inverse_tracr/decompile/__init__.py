"""From models to programs: propose, verify, repair.

In comes a model, of which weights and encoders are read and nothing else; out comes a program with a
verdict, the smallest counterexample where there is one, and the evidence of each line. Proposers register
themselves (the meta-model as a plug-in). A wrong `equivalent` is the worst thing that could happen here.
"""

from inverse_tracr.callable_package import make_callable
from inverse_tracr.decompile.decompiler import decompile, method_parts
from inverse_tracr.decompile.lift.proposer import propose_lift
from inverse_tracr.decompile.linear import propose_linear
from inverse_tracr.decompile.outcome import (
    Counterexample,
    Decompilation,
    LineEvidence,
    Verdict,
    Verification,
)
from inverse_tracr.decompile.proposers import Judge, Proposal, Proposer, proposers, register_proposer
from inverse_tracr.decompile.search.proposer import propose_search
from inverse_tracr.decompile.unmix.proposer import propose_unmixed
from inverse_tracr.decompile.verify import verify

register_proposer("lift", propose_lift)
register_proposer("unmix", propose_unmixed)
register_proposer("linear", propose_linear)
register_proposer("search", propose_search, last=True)

__all__ = [
    "Counterexample",
    "Decompilation",
    "Judge",
    "LineEvidence",
    "Proposal",
    "Proposer",
    "Verdict",
    "Verification",
    "decompile",
    "method_parts",
    "proposers",
    "register_proposer",
    "verify",
]

make_callable(__name__, decompile)
