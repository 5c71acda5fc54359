"""Runs that FiftyOne's built-in CVAT integration saved, taken over by this package."""

from __future__ import annotations

import re
from typing import Any

from bson import json_util

from fiftyone_cvat.backend import CVATBackend
from fiftyone_cvat.console import tell
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.workflows.database import asking_database
from fiftyone_cvat.workflows.results import check_run, dataset_of

__all__ = ["BUILT_IN", "adopt_run"]

BUILT_IN = "fiftyone.utils.cvat."
OURS = "fiftyone_cvat.backend."


def adopt_run(samples: Any, anno_key: str) -> None:
    """Make a run that FiftyOne's built-in CVAT integration saved a run of this package.

    The run's tasks are not touched. From then on ``load_annotations`` and the run's
    results go through this package.

    Args:
        samples: the dataset, or a view into it
        anno_key: the annotation key

    Raises:
        ConfigurationError: if there is no such run, or if it is none of the built-in
            CVAT integration
    """
    dataset = dataset_of(samples)
    with asking_database():
        check_run(dataset, anno_key)
        run_doc = CVATBackend._get_run_doc(dataset, anno_key)
    stored = run_doc.config.get("cls", "")
    if stored.startswith(OURS):
        tell(f"Run '{anno_key}' is one of fiftyone-cvat already")
        return
    if not stored.startswith(BUILT_IN):
        raise ConfigurationError(
            f"Run '{anno_key}' is of {stored}, not of FiftyOne's CVAT integration"
        )
    run_doc.config["cls"] = f"{OURS}CVATBackendConfig"
    # that integration stores a password that is part of the address
    run_doc.config["url"] = re.sub("//[^/]*@", "//", run_doc.config["url"])
    if run_doc.results:
        run_doc.results.seek(0)
        results = json_util.loads(run_doc.results.read().decode())
        results["cls"] = f"{OURS}CVATAnnotationResults"
        content = json_util.dumps(results).encode()
        run_doc.results.replace(content, content_type="application/json")
    run_doc.save()
    cache = getattr(dataset, CVATBackend._results_cache_field())
    cache.pop(anno_key, None)
    tell(f"Run '{anno_key}' is one of fiftyone-cvat now")
