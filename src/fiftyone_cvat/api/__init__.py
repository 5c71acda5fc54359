"""The documented class, ``CVATAnnotationAPI``."""
