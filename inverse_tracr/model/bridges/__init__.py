"""Models of other projects, in and out.

In come Tracr's assembled models, TransformerLens's state dicts and Haiku's parameters; out go
TransformerPrograms, and TransformerLens's state dicts again. Tracr, Haiku and JAX are imported only
when a Tracr model is converted; TransformerLens never is.
"""
