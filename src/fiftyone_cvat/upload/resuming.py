"""A run that was stopped on its way up: tidy up and go on, or delete it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fiftyone_cvat.console import tell
from fiftyone_cvat.dataset.stored_labels import check_field_types
from fiftyone_cvat.dataset.views import with_all_of_kind
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.job_status import counted
from fiftyone_cvat.server.creations import mark_of, marked
from fiftyone_cvat.transport.responses import value_in
from fiftyone_cvat.upload.checks import run_state
from fiftyone_cvat.upload.run_state import Progress, RunPart, RunState, Target
from fiftyone_cvat.upload.run_upload import RunUpload
from fiftyone_cvat.upload.task_options import task_name

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["delete_run", "resume_run"]


def resume_run(api: CVATAnnotationAPI, results: Any) -> Any:
    """Go on with a run that was stopped or failed, from its last finished task.

    What the run has created and not finished is deleted first. Labels go up as
    they are in the dataset now.

    Args:
        api: the API, whose documented members do each step
        results: the run's :class:`CVATAnnotationResults`

    Returns:
        those of the whole run

    Raises:
        ConfigurationError: if there is nothing to go on with
    """
    if not results.progress:
        raise ConfigurationError(
            f"Run '{results.key}' is complete: there is nothing to resume"
        )
    config = results.config
    gone = [
        label_field
        for label_field, info in config.label_schema.items()
        if info.get("existing_field") and not results.samples.has_field(label_field)
    ]
    if gone:
        raise ConfigurationError(
            f"Run '{results.key}' cannot go on without the fields of its labels, "
            f"which are deleted or renamed: {', '.join(gone)}"
        )
    check_field_types(results.samples, config.label_schema)
    samples = with_all_of_kind(results.samples, config.label_schema)
    progress = Progress(
        results.progress["token"],
        {int(index): ids for index, ids in results.progress["pending"].items()},
    )
    run = _restore(api, results, progress)
    names = [task_name(config, samples, each, run.count) for each in range(run.count)]
    # CVAT takes white space off the ends of names
    name_by_marked = {
        marked(name, progress.token).strip(): name
        for name in (config.project_name or "", *names)
    }
    _tidy(api, run.before.task_ids, run.project_ids, progress.token, name_by_marked)
    batches = {
        index: samples.select(ids, ordered=True)
        for index, ids in progress.pending.items()
    }
    target = Target(samples, results.key, results.backend)
    done = run.count - len(batches)
    tell(f"Going on with run '{results.key}': {done:,} of {run.count:,} tasks are done")
    return RunUpload(api, run, target).send(batches)


def _restore(api: CVATAnnotationAPI, results: Any, progress: Progress) -> RunState:
    """Return the state of a run as it was saved."""
    config = results.config
    name, project_id = config.project_name, config.project_id
    if results.project_ids:
        project_id = None
    elif name is not None:
        name, project_id = api._parse_project_details(name, project_id)
    run = run_state(api, config, project_id)
    if results.project_ids:
        run.project_id = results.project_ids[0]
    elif project_id is None:
        run.new_project_name = name
    run.project_ids = results.project_ids
    run.count = results.progress["count"]
    run.progress = progress
    run.tasks_with_view = list(results.tasks_with_view)
    run.hidden_points = results.hidden_points
    run.raw_values = results.raw_values or {}
    run.before = RunPart(
        results.task_ids,
        results.job_ids,
        results.frame_id_map,
        results.id_map,
        results.server_id_map,
        results.labels_task_map,
        results.fingerprints,
        results.unstored,
    )
    return run


def delete_run(api: CVATAnnotationAPI, results: Any) -> None:
    """Delete all that a run has created, finished or not.

    Projects that have tasks of others are left.

    Args:
        api: the API, whose documented members do each step
        results: the :class:`CVATAnnotationResults` of the run
    """
    if results.progress:
        token = results.progress["token"]
        _tidy(api, results.task_ids, results.project_ids, token, {})
    if results.task_ids:
        tell(f"Deleting {counted(len(results.task_ids), 'task')}...")
        api.delete_tasks(results.task_ids)
    empty = api.get_empty_projects(results.project_ids)
    if empty:
        tell(f"Deleting {counted(len(empty), 'project')}...")
        api.delete_projects(empty)


def _tidy(
    api: CVATAnnotationAPI,
    task_ids: list[int],
    project_ids: list[int],
    token: str,
    name_by_marked: Mapping[str, str],
) -> None:
    """Delete what a stopped run left unfinished; name what it had finished.

    Args:
        api: the API
        task_ids: the run's tasks that are finished
        project_ids: the projects that it has created
        token: what marks the names of what is unfinished
        name_by_marked: marked name to the whole one, which the mark may have cut
    """
    mark = mark_of(token)
    for url, own, delete in (
        (api.tasks_url, task_ids, api.delete_task),
        (api.projects_url, project_ids, api.delete_project),
    ):
        for found in api._get_paginated_results(f"{url}?search={token}"):
            marked_name = value_in(found, "name", url)
            number = value_in(found, "id", url)
            if mark not in marked_name:
                continue
            if number in own:
                # a dataset that has another name since gives tasks other ones
                rest = marked_name.removesuffix(mark)
                name = name_by_marked.get(marked_name, rest)
                api.patch(f"{url}/{number}", json={"name": name})
            else:
                delete(number)
