"""The thesis's meta-model, as the row that ours is compared with.

In comes a model, its parameters cut into blocks; out come the rows of the thesis's view of a program, all at
once. It cannot write a program that runs. Knows nothing of probes, nor of the meta-model beside it.
"""
