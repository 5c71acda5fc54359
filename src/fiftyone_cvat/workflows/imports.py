"""Labels of tasks that are in CVAT already, brought into a dataset, again and again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import fiftyone as fo

from fiftyone_cvat.backend import CVATAnnotationResults, CVATBackendConfig
from fiftyone_cvat.convert.from_cvat.answer_checks import check_annotations
from fiftyone_cvat.convert.from_cvat.import_schema import (
    annotations_to_kinds,
    classes_of_any_type,
    labels_to_label_schema,
)
from fiftyone_cvat.dataset.imported_samples import (
    add_missing_groups,
    add_missing_samples,
    frames_of_tasks,
    note_classes,
)
from fiftyone_cvat.dataset.media_paths import refuse_multimodal
from fiftyone_cvat.dataset.merges import resume_merge
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.keywords import tell_unknown_names
from fiftyone_cvat.runs.stored_runs import is_import
from fiftyone_cvat.server.imported_tasks import (
    ImportedTask,
    find_tasks,
    labels_of_tasks,
    project_id_of,
)
from fiftyone_cvat.server.related_images import (
    download_related_images,
    slices_of_images,
)
from fiftyone_cvat.server.task_answers import AskedTask
from fiftyone_cvat.types import Json
from fiftyone_cvat.workflows.import_arguments import check_arguments
from fiftyone_cvat.workflows.imported_media import (
    DOWNLOAD,
    MAX_NAMED,
    check_media,
    find_media,
    folder_of,
)
from fiftyone_cvat.workflows.repeated_imports import (
    CREDENTIALS,
    fields_to_pairs,
    refuse_other_arguments,
    refuse_other_media,
    refuse_other_organization,
    refuse_other_tasks,
    take_settings_of_call,
)
from fiftyone_cvat.workflows.results import dataset_of

__all__ = ["import_tasks"]

KEYWORDS = (
    *("project", "tasks", "jobs", "media", "fields"),
    *("anno_key", "related_slices"),
)
"""What an import takes besides the keywords of a configuration."""


def import_tasks(
    dataset: Any,
    *,
    project: str | int | None = None,
    tasks: int | Iterable[int] | None = None,
    jobs: int | Iterable[int] | None = None,
    media: str | Path | Mapping[str, str] | None = None,
    fields: Mapping[str, str] | None = None,
    anno_key: str = "cvat_import",
    related_slices: bool = False,
    **settings: Any,
) -> CVATAnnotationResults:
    """Bring the labels of tasks that are in CVAT already into a dataset.

    It leaves a run under ``anno_key``: ``dataset.load_annotations(anno_key)`` brings
    what has changed in CVAT since, and another import under the same key what is new
    there, tasks that are named then, too. Importing twice changes nothing. The tasks
    are never changed or deleted.

    Where labels go is settled by the first import under a key: ``fields`` and settings
    may be left out after that, or be given as they were.

    Args:
        dataset: the dataset, which may be empty
        project: the name or the id of a project, of which all tasks are imported
        tasks: the id of a task, or several
        jobs: the id of a job, or several: only the frames of these are imported
        media: ``"download"`` puts the originals into a folder of the dataset's name in
            FiftyOne's default folder; a folder has files that are here, or a mapping
            names the path of each file of a task. Samples are added for them, but not
            for frames of which an earlier import under the key has found some. None
            imports only what the dataset has samples of
        fields: names of classes, with ``*`` for any characters and ``|`` between them,
            to the field that their labels go to; others go to ``detections``,
            ``polylines``, ``keypoints`` or ``classifications``, those of the frames of
            videos to fields of frames. Where such classes have labels of other kinds,
            too, these go to ``<field>_<kind>``; the field is of the kind that most of
            them are. ``class.attribute`` names the field of the scalars that tags of a
            class have as an attribute: such tags are no classifications then. A new
            field holds numbers or booleans where the attribute does, else text; one
            that is there says what it holds
        anno_key: the key of the run
        related_slices: whether frames and their related images become groups, whose
            slices are ``frame``, which has the labels, and one for each related image.
            These come from CVAT, as JPEG, whatever ``media`` is
        **settings: what :class:`CVATBackendConfig` takes: ``url``, credentials,
            ``organization``, ``occluded_attr``, ``group_id_attr``, ``max_workers``

    Returns:
        the run's results, with the counts in ``results.reconciliation``

    Raises:
        ConfigurationError: if nothing is named, or is there, or no frame has a sample;
            if the key is that of another run, or of an import that was begun
            otherwise, or of another project; if the dataset cannot have groups
        MediaError: if a file cannot be downloaded, or would leave its folder, or if the
            dataset is multimodal
    """
    dataset = dataset_of(dataset)
    fields = {} if fields is None else fields
    check_arguments(dataset, anno_key, project, {"tasks": tasks, "jobs": jobs}, fields)
    check_media(media)
    refuse_multimodal(dataset)
    tell_unknown_names(CVATBackendConfig, settings, KEYWORDS)
    if related_slices and media is None:
        raise ConfigurationError(
            "`related_slices` adds samples: say where their media are, such as "
            f'`media="{DOWNLOAD}"`'
        )
    results: CVATAnnotationResults | None = _run_so_far(
        dataset, anno_key, fields, settings
    )
    config = _config(settings, fields) if results is None else results.config
    backend = config.build() if results is None else results.backend
    with closing(backend.connect_to_api()) as api:
        project_id, found = _find(api, results, project, tasks, jobs)
        paths = find_media(api, dataset, results, found, media, config.max_workers)
        prefix = _prefix_of_fields(dataset, found, {task_id for task_id, _ in paths})
        labels = labels_of_tasks(api, project_id, found)
        if results is None:
            drawn = _drawn(api, found, labels, fields)
            config.label_schema = labels_to_label_schema(labels, fields, prefix, drawn)
        elif paths:
            refuse_other_media(results, prefix)
        related = None
        if related_slices:
            folder, workers = folder_of(dataset), config.max_workers
            related = download_related_images(api, found, folder, workers)
    if related is not None:
        add_missing_groups(dataset, paths, slices_of_images(related))
    elif media is not None:
        add_missing_samples(dataset, paths.values())
    frames = _frames(dataset, found, paths)
    if results is None:
        if all(each.in_project for each in found):
            config.project_id = project_id
        backend.register_run(dataset, anno_key, overwrite=False)
        results = _results(dataset, config, anno_key, backend)
    else:
        # to save it would forget what a merge has added that was stopped
        resume_merge(results)
    _add_frames(results, frames)
    # frames that are new here may be of tasks that were loaded before
    results.last_loads = {}
    results.asked = {
        each.id: AskedTask(each.labels, each.meta, each.annotations) for each in found
    }
    note_classes(dataset, config.label_schema, labels)
    backend.save_run_results(dataset, anno_key, results)
    getattr(dataset, type(backend)._results_cache_field())[anno_key] = results
    try:
        dataset.load_annotations(anno_key, **_credentials(settings))
    finally:
        results.asked = {}  # no later load may take it for what is there then
    return results


def _find(
    api: Any,
    results: Any,
    project: str | int | None,
    tasks: int | Iterable[int] | None,
    jobs: int | Iterable[int] | None,
) -> tuple[int | None, list[ImportedTask]]:
    """Return the id of the project that is asked for, and the tasks."""
    if results is not None:
        refuse_other_organization(api, results)
    project_id = project_id_of(api, project)
    found = find_tasks(api, project_id, tasks, jobs)
    if results is not None:
        refuse_other_tasks(api, results, project_id, found)
    return project_id, found


def _frames(
    dataset: Any,
    tasks: Sequence[ImportedTask],
    paths: Mapping[tuple[int, int], str],
) -> dict[int, dict[int, dict[str, str]]]:
    """Return what the frames of tasks are, see :func:`frames_of_tasks`.

    Raises:
        ConfigurationError: if none has a sample
    """
    frames = frames_of_tasks(dataset, tasks, paths)
    if not frames:
        names = ", ".join([name for each in tasks for name in each.names][:MAX_NAMED])
        raise ConfigurationError(
            f"Dataset '{dataset.name}' has no sample of any file of these tasks, such "
            f'as {names}: `media="{DOWNLOAD}"` downloads them, and `media` may be a '
            "folder that has them"
        )
    return frames


def _prefix_of_fields(
    dataset: Any, tasks: Sequence[ImportedTask], task_ids: Collection[int]
) -> str:
    """Return what the names of fields begin with: those of videos are of frames.

    Args:
        dataset: the dataset
        tasks: the tasks
        task_ids: those of which files are here
    """
    are_videos = {each.is_video: each.id for each in tasks if each.id in task_ids}
    if len(are_videos) > 1:
        raise ConfigurationError(
            f"Task {are_videos[True]} is of a video and task {are_videos[False]} is "
            "not: import those of videos and the others one after the other, with "
            "`tasks`, and under an `anno_key` of their own"
        )
    return str(dataset._FRAMES_PREFIX) if True in are_videos else ""


def _credentials(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: settings[name] for name in CREDENTIALS if name in settings}


def _config(
    settings: Mapping[str, Any], fields: Mapping[str, str]
) -> CVATBackendConfig:
    """Return a configuration of settings, and of FiftyOne's for the backend."""
    given = dict(fo.annotation_config.backends.get("cvat", {}))
    given.pop("config_cls", None)
    config = CVATBackendConfig(
        "cvat",
        {},
        **(given | dict(settings)),
        is_import=True,
        import_fields=fields_to_pairs(fields),
    )
    config.load_credentials(**_credentials(settings))
    return config


def _run_so_far(
    dataset: Any, anno_key: str, fields: Mapping[str, str], settings: Mapping[str, Any]
) -> Any:
    """Return the results of an earlier import under a key, or None.

    Raises:
        ConfigurationError: if the run is no import, or is told otherwise now
    """
    if not dataset.has_annotation_run(anno_key):
        return None
    # those that are cached have the credentials of another call
    results = dataset.load_annotation_results(
        anno_key, cache=False, **_credentials(settings)
    )
    if results is None or not is_import(results):
        raise ConfigurationError(
            f"Run '{anno_key}' of dataset '{dataset.name}' is no import: give another "
            "`anno_key`"
        )
    refuse_other_arguments(results, fields, settings)
    take_settings_of_call(results.config, settings)
    return results


def _drawn(
    api: Any,
    tasks: Sequence[ImportedTask],
    labels: Sequence[Json],
    fields: Mapping[str, str],
) -> dict[str, Counter[str]]:
    """Return what kinds the labels are of which classes whose type may be any.

    As many tasks are asked as it takes until each field has some, most often one.

    Returns:
        class to kind to how many there are
    """
    found: dict[str, Counter[str]] = {}
    left = [names for names in classes_of_any_type(labels, fields) if names]
    for task in tasks:
        left = [names for names in left if names.isdisjoint(found)]
        if not left:
            break
        url = api.task_annotation_url(task.id)
        annotations = api.get(url).json()
        check_annotations(annotations, f"Task {task.id}: {url}")
        task.annotations = annotations
        found = annotations_to_kinds(annotations, task.labels) | found
    return found


def _results(
    dataset: Any, config: CVATBackendConfig, anno_key: str, backend: Any
) -> CVATAnnotationResults:
    return CVATAnnotationResults(
        dataset,
        config,
        anno_key,
        id_map={label_field: {} for label_field in config.label_schema},
        server_id_map={"tags": {}, "shapes": {}, "tracks": {}},
        project_ids=[],
        task_ids=[],
        job_ids={},
        frame_id_map={},
        labels_task_map={label_field: [] for label_field in config.label_schema},
        backend=backend,
    )


def _add_frames(
    results: CVATAnnotationResults, frames_by_task: Mapping[int, dict[int, Any]]
) -> None:
    """Add the frames of tasks to those of a run, in place."""
    for task_id, frames in frames_by_task.items():
        results.frame_id_map.setdefault(task_id, {}).update(frames)
        if task_id not in results.task_ids:
            results.task_ids.append(task_id)
            for ids in results.labels_task_map.values():
                ids.append(task_id)
