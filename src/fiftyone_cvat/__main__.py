"""``python -m fiftyone_cvat``: the command ``fiftyone-cvat``."""

from __future__ import annotations

from fiftyone_cvat.cli import main

if __name__ == "__main__":
    main()
