"""The members for whole runs: send one, go on with it, delete it, bring it down."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

from fiftyone_cvat.download.run_download import RunDownload
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.stored_runs import is_import
from fiftyone_cvat.upload.resuming import delete_run, resume_run
from fiftyone_cvat.upload.run_upload import upload_run

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["RunMembers"]

logger = logging.getLogger(__name__)


class RunMembers:
    """Send runs, go on with them, delete what they sent; bring their labels down."""

    def upload_samples(self, samples: Any, anno_key: str, backend: Any) -> Any:
        """Uploads the given samples to CVAT according to the given backend's
        annotation and server configuration.

        Everything that can be checked is checked before anything is created. If
        something fails after that, what was created is deleted again; with
        ``on_failure="keep"`` finished tasks stay, and :meth:`resume_upload` goes on.

        Args:
            samples: a :class:`fiftyone.core.collections.SampleCollection`
            anno_key: the annotation key
            backend: a :class:`CVATBackend` to use to perform the upload

        Returns:
            a :class:`CVATAnnotationResults`

        Raises:
            MediaError: if a media file is missing or of no kind that CVAT takes
            SchemaError: if the label schema cannot be expressed in CVAT
            ConfigurationError: if the configuration cannot work
        """  # noqa: D205  the documented text
        _check_is("samples", samples, "_root_dataset", "a dataset or a view into one")
        _check_is("backend", backend, "config", "a CVATBackend")
        return upload_run(cast("CVATAnnotationAPI", self), samples, anno_key, backend)

    def resume_upload(self, results: Any) -> Any:
        """Go on with a run that was stopped or failed, from its last finished task.

        What the run has created and not finished is deleted first. Labels go up as
        they are in the dataset now.

        Args:
            results: the :class:`CVATAnnotationResults` of a run with
                ``on_failure="keep"``

        Returns:
            the :class:`CVATAnnotationResults` of the whole run

        Raises:
            ConfigurationError: if nothing of the run is left to do, or if a field of it
                is gone or of another type
        """
        return resume_run(cast("CVATAnnotationAPI", self), results)

    def delete_upload(self, results: Any) -> None:
        """Delete all that a run has created, finished or not.

        Projects that have tasks of others are left, and so are tasks that the run did
        not create.

        Args:
            results: the :class:`CVATAnnotationResults` of the run

        Raises:
            ConfigurationError: if the last load was of some jobs only: what is in the
                others would be lost; nothing is deleted then
        """
        if is_import(results):
            logger.warning(
                "The tasks of run '%s' stay in CVAT: it did not create them",
                results.key,
            )
            return
        left = results.left_frames
        if left and results.task_ids:
            raise ConfigurationError(
                f"Nothing of run '{results.key}' is deleted in CVAT: its last load "
                f"left {left} frames in jobs that were not asked for. Load those "
                "first, without `jobs`; or `results.delete_tasks(results.task_ids)` "
                "deletes the tasks all the same"
            )
        delete_run(cast("CVATAnnotationAPI", self), results)

    def download_annotations(
        self, results: Any, coerce_text_attrs: bool | None = None
    ) -> dict[Any, Any]:
        """Download the annotations from the CVAT server for the given results
        instance and parses them into the appropriate FiftyOne types.

        What came of the labels is counted in ``results.reconciliation``; of those of a
        type that their field does not hold, only when FiftyOne has merged them. Labels
        that came back as they went up are returned as they are in the dataset.

        Args:
            results: a :class:`CVATAnnotationResults`
            coerce_text_attrs: whether to guess types that the dataset does not tell;
                by default as the run's configuration says

        Returns:
            the annotations dict: field to kind of label to sample id to label id to
            label; for the frames of a video with their ids between the two latter

        Raises:
            ConfigurationError: if this is not the server or organization that the run
                was sent to, and has none of its tasks
        """  # noqa: D205  the documented text
        _check_is("results", results, "config", "the results of a run")
        api = cast("CVATAnnotationAPI", self)
        return RunDownload(api, results, coerce_text_attrs=coerce_text_attrs).run()


def _check_is(name: str, value: Any, has: str, what: str) -> None:
    """Refuse what lacks an attribute that all of its kind have."""
    if not hasattr(value, has):
        raise ConfigurationError(f"`{name}` must be {what}, not {value!r:.80}")
