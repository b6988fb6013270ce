"""The meta-model: a network that writes the program of a transformer.

In comes a model, of which only what it does on probe inputs is read; out come programs, likeliest first,
which the verifier judges. Half-layer by half-layer the network chooses operands and functions among all that
the language allows, each seen through how well it explains what the half-layer writes. It registers itself
as the proposer `meta`, and knows nothing of lift, unmix and search.
"""
