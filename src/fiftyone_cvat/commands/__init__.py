"""Commands of ``fiftyone-cvat`` that have more to print than the call they make.

Each module is one command: its options and what it prints. :mod:`fiftyone_cvat.cli`
puts them together; what takes long to import is imported inside of the functions.
"""
