"""Unmix: the residual stream of a compressed model, put back on a basis where a dimension holds one thing.

A compressed model is a compiled one folded with W_emb, so what its parts write and read are sums of columns
of W_emb, one column for each dimension of the compiled model. In comes a model; out comes one on that basis,
which the lift can read.
"""
