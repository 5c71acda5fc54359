"""Runs whose tasks were restored, duplicated or moved: pointed at the new ones."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from fiftyone_cvat.backend import CVATBackend
from fiftyone_cvat.console import tell, tell_counts
from fiftyone_cvat.convert.from_cvat.answer_checks import check_annotations, check_meta
from fiftyone_cvat.convert.shared.file_names import FileNames
from fiftyone_cvat.convert.shared.fingerprints import (
    AnnotationNames,
    annotation_to_fingerprint,
    on_other_frames,
)
from fiftyone_cvat.convert.shared.frames import FrameRef, frame_refs, meta_to_range
from fiftyone_cvat.convert.shared.label_ids import split_label_id
from fiftyone_cvat.convert.shared.server_ids import (
    class_and_attribute_ids,
    create_server_id_map,
)
from fiftyone_cvat.dataset.columns import Columns
from fiftyone_cvat.download.run_download import RunDownload
from fiftyone_cvat.errors import ConfigurationError, MismatchError, NotFoundError
from fiftyone_cvat.runs.absent_tasks import forget, show_hidden
from fiftyone_cvat.runs.arguments import one_of
from fiftyone_cvat.runs.job_status import counted
from fiftyone_cvat.runs.members import number_of
from fiftyone_cvat.runs.replacement import (
    Replacement,
    leave_frames,
    leave_labels,
    replace_task,
)
from fiftyone_cvat.runs.stored_runs import ids_in
from fiftyone_cvat.server.media_files import names_on_server
from fiftyone_cvat.server.task_answers import AskedTask
from fiftyone_cvat.types import Json
from fiftyone_cvat.workflows.results import dataset_of, results_of_run

__all__ = ["attach"]

logger = logging.getLogger(__name__)

KINDS = ("tags", "shapes", "tracks")

MAX_NAMED = 20
"""Frames, and labels, that a message names."""


@dataclass(frozen=True, slots=True)
class _Task:
    """A task that takes the place of another one, as the server describes it."""

    replacement: Replacement
    project_id: int | None
    asked: AskedTask
    missing_frames: dict[int, str]


def attach(
    samples: Any,
    anno_key: str,
    task_ids: Mapping[int, int],
    *,
    missing: str | None = None,
    **credentials: Any,
) -> Any:
    """Point a run at tasks that take the place of its own.

    For tasks that were restored from a backup, duplicated, or moved to another server
    or organization. Frames are matched by their names, those of videos by their
    numbers; labels by their ``label_id``, else by their place. The old tasks need not
    exist any more, and are not touched; the new ones are only read.

    After that, ``load_annotations`` loads the new tasks: what nobody has edited is
    kept, and what was edited since it went up is changed. To attach the same tasks
    again changes nothing.

    Args:
        samples: the dataset, or a view into it
        anno_key: the annotation key
        task_ids: the run's tasks to those that take their place; if they are on another
            server, all of the run's
        missing: what becomes of labels of the run that the new tasks lack: ``"keep"``
            takes them out of the run, and they stay as they are here; ``"delete"``
            takes them for deleted by annotators, which they will be with the next load;
            None, the default, raises an error that lists them. Labels on frames that
            the new tasks lack stay in either case
        **credentials: as for ``load_annotations``: ``url`` and ``organization`` of the
            new tasks if they are others, ``username``, ``password``, ``email``,
            ``headers``, ``access_token``, ``verify_ssl``

    Returns:
        the run's :class:`CVATAnnotationResults`; its ``reconciliation`` says what the
        next load will find in the new tasks

    Raises:
        ConfigurationError: if there is no such run, if a task is none of the run, if a
            new one does not exist or is one of the run already, or if the run is not
            complete
        MismatchError: if the new tasks lack frames or labels of the old ones and
            ``missing`` does not say what to do; nothing has changed then
    """
    if missing is not None:
        one_of("missing", missing, "keep", "delete")
    dataset = dataset_of(samples)
    # before anybody is asked
    if not _numbers(task_ids):
        raise ConfigurationError(
            "`task_ids` is empty: give the run's tasks with those that take their "
            "place, as {OLD_TASK: NEW_TASK}"
        )
    results = _results_of(dataset, anno_key, credentials)
    api = results.connect_to_api()
    is_elsewhere = _is_elsewhere(results, api.base_url)
    pairs = _pairs(results, task_ids, is_elsewhere=is_elsewhere)
    tasks = [_ask(api, results, old, new) for old, new in pairs.items()]
    if not tasks:
        return results
    trial = _results_of(dataset, anno_key, credentials)
    absent = _try(api, trial, tasks) - {*results.deleted}
    if missing is None:
        _check_missing(results, tasks, absent)
    _replace(results, tasks, trial, is_elsewhere=is_elsewhere)
    if missing == "keep":
        leave_labels(results, absent)
    _point_config(results, tasks, api.base_url, is_elsewhere=is_elsewhere)
    results.save_config()
    CVATBackend._store(dataset, anno_key, results)
    results.reconciliation = trial.reconciliation
    cache = getattr(dataset, CVATBackend._results_cache_field())
    cache.pop(anno_key, None)
    tell(f"Run '{anno_key}' has {counted(len(tasks), 'new task')}; a load will find:")
    for line in results.reconciliation.lines():
        tell_counts(line)
    return results


def _results_of(dataset: Any, anno_key: str, credentials: Mapping[str, Any]) -> Any:
    """Return the results of a run as they are stored."""
    results = results_of_run(dataset, anno_key, cache=False, **credentials)
    if results.progress:
        raise ConfigurationError(
            f"Run '{anno_key}' is not complete: go on with it first, with "
            f"`fiftyone_cvat.resume(dataset, '{anno_key}')`"
        )
    # a load that was stopped may have left tasks out
    show_hidden(results)
    return results


def _is_elsewhere(results: Any, url: str) -> bool:
    """Return whether this is another server than the one that a run was sent to."""
    stored = str(results.config._stored_url or "").rstrip("/")
    return bool(stored) and stored != url


def _pairs(
    results: Any, task_ids: Mapping[int, int], *, is_elsewhere: bool
) -> dict[int, int]:
    """Return the tasks that others are to take the place of, without those done.

    Raises:
        ConfigurationError: if a task is none of the run, or a new one is already
    """
    known = [*results.task_ids, *results.lost]
    pairs = {
        old: new
        for old, new in _numbers(task_ids).items()
        if results.attached.get(new) != old or new not in known
    }
    for old, new in pairs.items():
        if old not in known:
            raise ConfigurationError(
                f"Run '{results.key}' has no task {old}; it has "
                f"{', '.join(map(str, known)) or 'none'}"
            )
        if new != old and new in results.task_ids:
            raise ConfigurationError(
                f"Task {new} is one of run '{results.key}' already"
            )
    twice = {new for new in pairs.values() if [*pairs.values()].count(new) > 1}
    if twice:
        raise ConfigurationError(
            f"Task {min(twice)} cannot take the place of several tasks"
        )
    left = [each for each in results.task_ids if each not in pairs]
    if is_elsewhere and pairs and left:
        raise ConfigurationError(
            f"Run '{results.key}' has tasks {', '.join(map(str, left))}, too: on "
            "another server, all of its tasks are attached in one call"
        )
    return pairs


def _numbers(task_ids: Any) -> dict[int, int]:
    """Return tasks to others as numbers.

    Raises:
        ConfigurationError: if they are none
    """
    if not isinstance(task_ids, Mapping):
        raise ConfigurationError(
            "`task_ids` must be a dict of the run's tasks to those that take their "
            f"place, as {{12: 34}}, not {task_ids!r:.80}"
        )
    return {
        number_of("task_ids", old): number_of(f"task_ids[{old!r}]", new)
        for old, new in task_ids.items()
    }


def _ask(api: Any, results: Any, old: int, new: int) -> _Task:
    """Ask for a task, and match its frames to those of the one that it replaces."""
    try:
        about = api.get(api.task_url(new), print_error_info=False).json()
    except NotFoundError:
        raise ConfigurationError(
            f"CVAT at {api.base_url} (organization: {api._organization or None}) has "
            f"no task {new} to take the place of task {old}"
        ) from None
    url = api.task_data_meta_url(new)
    meta = api.get(url).json()
    check_meta(meta, (), f"Task {new}: {url}")
    url = api.task_annotation_url(new)
    annotations = api.get(url).json()
    check_annotations(annotations, f"Task {new}: {url}")
    labels = api._get_task_labels(new)
    stored = results.lost[old]["frame_id_map"] if old in results.lost else None
    refs = frame_refs(results.frame_id_map[old] if stored is None else stored)
    with closing(Columns(results)) as columns:
        names, frames = _match(columns, results, refs, meta)
    replacement = Replacement(
        old,
        new,
        frames,
        api._get_job_ids(new),
        {each["id"]: each["name"] for each in labels},
    )
    missing = {each: name for each, name in names.items() if each not in frames}
    asked = AskedTask(labels, meta, annotations)
    return _Task(replacement, about.get("project_id"), asked, missing)


def _match(
    columns: Columns, results: Any, refs: Mapping[int, FrameRef], meta: Json
) -> tuple[dict[int, str], dict[int, int]]:
    """Match the frames of a task to those that take their place.

    Args:
        columns: reads the dataset
        results: the run's results
        refs: the position of a frame in the old task to what it is
        meta: the new task's data, as the server describes them

    Returns:
        the position of each frame that is still in the dataset to its name, and to its
        position in the new task, if it is there
    """
    if any(ref.frame_id is not None for ref in refs.values()):
        numbers = {
            position: number
            for position, _, number in columns.values("frames.frame_number", refs)
        }
        names = {position: f"frame {number}" for position, number in numbers.items()}
        if results.frame_numbering == "source":
            # they are numbered as in the video: the load finds out where they are
            return names, {position: position for position in numbers}
        frames = meta_to_range(meta)
        found = {each: frames.position(number) for each, number in numbers.items()}
        return names, {each: at for each, at in found.items() if at is not None}
    media_field = results.config.media_field
    # a task may have a sample twice
    path_by_ref = {ref: path for _, ref, path in columns.values(media_field, refs)}
    paths = {
        position: str(path_by_ref[refs[position]])
        for position in sorted(refs)
        if refs[position] in path_by_ref
    }
    sent = {
        position: (name, path)
        for (position, path), name in zip(
            paths.items(), names_on_server(paths.values()), strict=True
        )
    }
    frames_there = [str(each.get("name")) for each in meta["frames"]]
    matches = FileNames(sent).match(frames_there)
    names = {each: f"'{path}'" for each, path in paths.items()}
    return names, matches.frame_by_file


def _try(api: Any, trial: Any, tasks: Iterable[_Task]) -> set[tuple[Any, str]]:
    """Load the new tasks into results that are thrown away.

    Args:
        api: the session
        trial: the results, whose ``server_id_map`` then has what each annotation is
        tasks: the new tasks

    Returns:
        field and id of each label that they lack on the frames that they have
    """
    new = set()
    for task in tasks:
        replace_task(trial, task.replacement)
        new.add(task.replacement.new)
    forget(trial, [each for each in trial.task_ids if each not in new])
    trial.server_id_map, trial.fingerprints = {}, {}
    trial.asked = {task.replacement.new: task.asked for task in tasks}
    RunDownload(api, trial).run()
    return {(name, key) for name, key in trial.deleted}


def _check_missing(
    results: Any, tasks: Iterable[_Task], absent: Iterable[tuple[Any, str]]
) -> None:
    """Refuse tasks that lack frames or labels.

    Raises:
        MismatchError: if they do
    """
    frames = [
        f"frame {position} ({name}) of task {task.replacement.old}"
        for task in tasks
        for position, name in sorted(task.missing_frames.items())
    ]
    labels = sorted(f"{key} of field '{name}'" for name, key in absent)
    if not frames and not labels:
        return
    listed = [
        f"{len(words)} {what}: {'; '.join(words[:MAX_NAMED])}"
        + (f"; and {len(words) - MAX_NAMED} more" if len(words) > MAX_NAMED else "")
        for what, words in (("frames", frames), ("labels", labels))
        if words
    ]
    raise MismatchError(
        f"The tasks to attach to run '{results.key}' lack {', and '.join(listed)}. "
        "Nothing has changed. If they are the right ones, say what becomes of the "
        "labels: `missing='keep'` takes them out of the run, `missing='delete'` takes "
        "them for deleted by annotators, but for those on frames that are not there",
        frames,
        labels,
    )


def _replace(
    results: Any, tasks: Iterable[_Task], trial: Any, *, is_elsewhere: bool
) -> None:
    """Put the new tasks in the place of the old ones, with what is known of them."""
    sent = _sent_fingerprints(results)
    if is_elsewhere:
        # another server gives the same numbers to other annotations
        results.server_id_map, results.fingerprints = {}, {}
    for task in tasks:
        change = task.replacement
        old = results.lost.get(change.old) or {}
        before = old.get("frame_id_map") or results.frame_id_map[change.old]
        replace_task(results, change)
        leave_frames(
            results, [each for at, each in before.items() if at not in change.frames]
        )
        _note_untouched(results, task, sent)
    known = set(ids_in(results.id_map))
    for kind, by_id in trial.server_id_map.items():
        own = results.server_id_map.setdefault(kind, {})
        own.update(
            (number, text)
            for number, text in by_id.items()
            if split_label_id(text)[0] in known
        )


def _sent_fingerprints(results: Any) -> dict[tuple[str, str], set[str]]:
    """Return the fingerprints that a label's annotations had when they went up.

    Returns:
        kind of annotation, and its ``label_id``, to fingerprints
    """
    sent: dict[tuple[str, str], set[str]] = {}
    for kind in KINDS:
        prints = results.fingerprints.get(kind, {})
        for number, text in results.server_id_map.get(kind, {}).items():
            if number in prints:
                sent.setdefault((kind, text), set()).add(prints[number])
    return sent


def _note_untouched(
    results: Any, task: _Task, sent: Mapping[tuple[str, str], set[str]]
) -> None:
    """Note which annotations of a new task are as those that went up were."""
    labels, annotations = task.asked.labels, task.asked.annotations or {}
    class_ids, attribute_ids = class_and_attribute_ids(labels)
    defaults = {
        spec["id"]: spec.get("default_value") or ""
        for label in labels
        for spec in label["attributes"]
    }
    names = AnnotationNames(class_ids, attribute_ids, defaults)
    frames = {new: old for old, new in task.replacement.frames.items()}
    text_by_id = create_server_id_map(annotations, attribute_ids)
    for kind in KINDS:
        prints = results.fingerprints.setdefault(kind, {})
        for each in annotations[kind]:
            known = sent.get((kind, text_by_id[kind].get(each["id"], "")))
            before = on_other_frames(each, frames) if known else None
            if before is None or known is None:
                continue
            if annotation_to_fingerprint(before, kind, names) in known:
                prints[each["id"]] = annotation_to_fingerprint(each, kind, names)


def _point_config(
    results: Any, tasks: Iterable[_Task], url: str, *, is_elsewhere: bool
) -> None:
    """Let a run's configuration say where its tasks are now."""
    config = results.config
    if is_elsewhere:
        config.url = config._stored_url = url
        if results.project_ids:
            # what the run has created there is no part of it any more
            results.project_ids = []
            config.project_name = config.project_id = None
    config._stored_organization = config.organization
    in_project = config.project_name is not None or config.project_id is not None
    new = {task.project_id for task in tasks}
    if in_project and not results.project_ids and len(new) == 1 and new != {None}:
        [config.project_id] = new
