"""The demo: a newcomer's round trip, on a recorded CVAT server or on a real one."""
