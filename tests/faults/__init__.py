"""Faults between the package and a server, and what is left after each."""
