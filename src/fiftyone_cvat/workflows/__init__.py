"""The public calls on a run besides FiftyOne's own: take it over, go on with it.

A dataset and an annotation key go in. Each module is one call.
"""
