"""Pure conversion between FiftyOne labels and CVAT annotations: no I/O."""
