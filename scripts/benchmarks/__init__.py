"""Parts of ``scripts/benchmark.py``: what is measured, by whom, and what it must be."""
