"""The public calls on a run besides FiftyOne's own: take over, go on, attach, import.

A dataset and an annotation key go in. Each module is one call.
"""
