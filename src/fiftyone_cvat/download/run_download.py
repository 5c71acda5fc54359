"""A run's way down: ask for each task, settle its labels, report."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

from fiftyone.core.media import GROUP

from fiftyone_cvat.console import Work
from fiftyone_cvat.convert.from_cvat.answer_checks import check_annotations, check_meta
from fiftyone_cvat.convert.from_cvat.reconciliation import Reconciliation
from fiftyone_cvat.convert.from_cvat.renamed_label_ids import with_label_id
from fiftyone_cvat.convert.shared.frames import (
    FrameRef,
    frame_refs,
    frames_as_numbered,
    frames_to_sizes,
)
from fiftyone_cvat.convert.to_cvat.project_schema import (
    labels_to_cvat_schema,
    names_of_no_attribute,
)
from fiftyone_cvat.convert.to_cvat.schema import SchemaParts
from fiftyone_cvat.dataset.absent_attributes import (
    leave_out_empty_fields,
    narrow_attributes,
    restore_attributes,
)
from fiftyone_cvat.dataset.columns import Columns, StoredLabels
from fiftyone_cvat.dataset.garbage import collection_paused
from fiftyone_cvat.dataset.group_slices import TaskFiles, add_frames_of_slices
from fiftyone_cvat.dataset.moved_labels import follow_labels
from fiftyone_cvat.download.chosen_tasks import ChosenTasks
from fiftyone_cvat.download.jobs_beside import JobsBeside
from fiftyone_cvat.download.outcome import Outcome
from fiftyone_cvat.download.returned_labels import ReturnedLabels
from fiftyone_cvat.download.whereabouts import Whereabouts, attach_call
from fiftyone_cvat.errors import (
    AccessDeniedError,
    ConfigurationError,
    CVATError,
    NotFoundError,
    OrganizationError,
)
from fiftyone_cvat.runs.absent_tasks import forget, hide, show_hidden, show_tasks
from fiftyone_cvat.runs.stored_runs import first_frame, gather_frames, is_import
from fiftyone_cvat.server.imported_tasks import union_of_labels
from fiftyone_cvat.server.task_answers import AskedTask, TaskAnswer
from fiftyone_cvat.transport.side_by_side import begin, side_by_side
from fiftyone_cvat.types import Json

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["RunDownload"]

logger = logging.getLogger(__name__)

NOT_SEEN = "CVAT shows none of the tasks to be loaded: nothing is loaded"


class RunDownload:
    """Brings the labels of one run down.

    Args:
        api: the API, whose documented members do each step
        results: the run's :class:`CVATAnnotationResults`
        coerce_text_attrs: whether to guess types that the dataset does not tell; None
            for what the run's configuration says
    """

    def __init__(
        self,
        api: CVATAnnotationAPI,
        results: Any,
        *,
        coerce_text_attrs: bool | None = None,
    ) -> None:
        self._api = api
        self._results = results
        if coerce_text_attrs is None:
            coerce_text_attrs = getattr(results.config, "coerce_text_attrs", True)
        self._keep_text = not coerce_text_attrs
        self._whereabouts = Whereabouts(api, results)
        # what was asked is good for one load
        self._asked: dict[int, AskedTask] = results.asked
        results.asked = {}
        self._labels = {task_id: each.labels for task_id, each in self._asked.items()}
        self._chosen = ChosenTasks(api, results)

    def run(self) -> dict[Any, Any]:
        """Ask for all tasks, and note in the results what came of their labels.

        Returns:
            field to kind of label to sample id to label id to label; for the frames of
            a video with their ids between the two latter

        Raises:
            ConfigurationError: if no task of the run is on this server or in this
                organization, and it is not the one that the run was sent to, or not
                where they are now; or if some are left of a run that was stopped
            AccessDeniedError: if the user may see none of the run's tasks
            OrganizationError: if the organization hides their jobs
            AnswerError: if the server's answer is none that CVAT gives
        """
        results = self._results
        # a load that was stopped may have left tasks out
        show_hidden(results)
        results.load_notes = None
        restore_attributes(results)
        self._check()
        if results.frame_numbering == "file" and results.samples.media_type == GROUP:
            add_frames_of_slices(results, self._files_by_task())
        strays = follow_labels(results)
        self._chosen.choose()
        if self._chosen.jobs_beside:
            return self._run_beside()
        with closing(Columns(results)) as columns:
            try:
                left = self._chosen.leave_others()
                columns.leave(self._chosen.keys_left())
                outcome = self._settle_tasks(columns)
            except BaseException:
                show_hidden(results)
                raise
            show_tasks(results)
        if outcome is None and self._chosen.has_left:
            left.nothing = left.nothing or NOT_SEEN
            results.reconciliation = left
            results.ids_to_merge = {}
            return {}
        if outcome is None:
            logger.warning(
                "CVAT at %s has no task of run '%s' any more: there is nothing to "
                "load, and nothing has changed here. %s",
                self._api.base_url,
                results.key,
                _advice(results),
            )
            results.reconciliation = Reconciliation(nothing=NOT_SEEN)
            results.ids_to_merge = {}
            return {}
        results.reconciliation = outcome.reconciliation
        results.reconciliation.not_asked += left.not_asked
        results.reconciliation.tasks_as_loaded = left.tasks_as_loaded
        results.reconciliation.jobs = self._chosen.jobs_loaded
        outcome.unexpected.strays = strays
        results.unexpected = outcome.unexpected
        results.reconciliation.undecided = outcome.unexpected.undecided()
        results.absent_attributes = outcome.absent
        results.load_notes = self._chosen.notes(outcome.unfinished)
        results.ids_to_merge = self._chosen.ids_to_merge()
        results.deleted = sorted(outcome.deleted, key=str)
        if columns.are_as_stored:
            # no view has shown other values, so none need be noted as taken
            results.load_notes.frames.clear()
            narrow_attributes(results, outcome.edited)
        else:
            # what nobody has edited is not in the dataset yet, either
            narrow_attributes(results)
        if is_import(results):
            leave_out_empty_fields(results, outcome.annotations)
        return outcome.annotations

    def _run_beside(self) -> dict[Any, Any]:
        """Ask for jobs whose labels are none of their tasks', each by itself."""
        beside = JobsBeside(self._api, self._results, self._chosen.jobs_beside)
        for job_id, run in beside.runs():
            beside.take(job_id, run, RunDownload(self._api, run).run())
        return beside.finish()

    def _settle_tasks(self, columns: Columns) -> Outcome | None:
        """Return what came of the run's labels, without tasks that are not seen.

        What the run knew of tasks that are gone is kept, so that others can be attached
        in their place.

        Returns:
            None if all tasks are gone; none is forgotten then
        """
        results = self._results
        if is_import(results) and results.config.project_id is None:
            self._ask_for_labels()
        owners = gather_frames(results)
        labels: ReturnedLabels | None = None
        unseen: dict[int, CVATError] = {}
        task_ids = list(results.task_ids)
        with (
            Work(
                len(task_ids),
                "tasks",
                "read",
                progress=results.config.load_options.progress,
                has_bar=len(task_ids) > 1,
            ) as work,
            side_by_side(
                lambda task_id: self._ask_and_read(task_id, owners, columns),
                task_ids,
                min(results.config.max_workers, len(task_ids)),
            ) as answers,
        ):
            for task_id, found in zip(task_ids, answers, strict=True):
                work.add()
                if isinstance(found, CVATError):
                    unseen[task_id] = found
                    continue
                task, stored = found
                _warn_of_names(task, results)
                labels = labels or ReturnedLabels(
                    self._api,
                    results,
                    self._schema_of(task),
                    columns,
                    keep_text=self._keep_text,
                )
                with collection_paused():
                    labels.add(task, stored)
                self._chosen.note(task)
        if labels is None and self._chosen.has_left:
            self._leave_out(unseen)
            return None
        if labels is None:
            self._refuse(unseen)
            return None
        self._leave_out(unseen)
        return labels.finish()

    def _files_by_task(self) -> dict[int, TaskFiles]:
        """Ask for the media of the run's tasks; those that are gone have none."""
        api, found = self._api, {}
        for task_id in self._results.task_ids:
            url = api.task_data_meta_url(task_id)
            try:
                meta = api.get(url, print_error_info=False).json()
            except NotFoundError:
                continue
            check_meta(meta, (), f"Task {task_id}: {url}")
            names = [str(each.get("name")) for each in meta["frames"]]
            found[task_id] = TaskFiles(names, set(meta.get("deleted_frames") or ()))
        return found

    def _refuse(self, unseen: Mapping[int, CVATError]) -> None:
        """Refuse to load a run of which no task is seen, unless all are gone."""
        for task_id in unseen:
            reason = self._whereabouts.reason(task_id)
            if reason is not None:
                raise ConfigurationError(f"{reason}. Nothing has changed here")
        for error in unseen.values():
            if not isinstance(error, NotFoundError):
                raise error

    def _leave_out(self, unseen: Mapping[int, CVATError]) -> None:
        """Take tasks that are gone out of the run; others that are not seen for now."""
        results = self._results
        gone = []
        for task_id, error in unseen.items():
            reason = self._whereabouts.reason(task_id)
            if reason is None and isinstance(error, NotFoundError):
                gone.append(task_id)
                reason = (
                    "it no longer exists: its labels stay as they are here. If it was "
                    "restored, duplicated or moved, "
                    f"{attach_call(results.key, [task_id])} points the run at the new "
                    "one"
                )
            logger.warning(
                "Skipping task %d: %s",
                task_id,
                reason
                or f"this user may not see it: its labels stay as they are: {error}",
            )
        lost = forget(results, gone)
        results.lost = {**results.lost, **lost}
        hide(results, unseen.keys() - set(gone))

    def _check(self) -> None:
        """Refuse a run with unfinished tasks; warn of one with tasks yet to come."""
        results = self._results
        left = [each for each in results.task_ids if each not in results.frame_id_map]
        if left:
            raise ConfigurationError(
                f"Run '{results.key}' was stopped, and its tasks "
                f"{', '.join(map(str, left))} could not be deleted then: delete them "
                "with its `cleanup()`, then the run"
            )
        if results.progress and results.progress["pending"]:
            logger.warning(
                "%d tasks of run '%s' are not on the server yet: resume the run",
                len(results.progress["pending"]),
                results.key,
            )

    def _schema_of(self, task: TaskAnswer) -> SchemaParts:
        """Return the schema of the run: its own, or that of the server's labels.

        Those are another's if the run went to a project that was there, or if nobody
        sent its tasks: it names no field then.
        """
        config = self._results.config
        attributes = (config.occluded_attr, config.group_id_attr)
        in_project = config.project_id is not None or config.project_name is not None
        names_no_field = None in config.label_schema
        if is_import(self._results):
            labels = union_of_labels([task.labels, *self._labels.values()])
            return labels_to_cvat_schema(labels, config.label_schema, *attributes)
        if names_no_field or (in_project and not self._results.project_ids):
            return labels_to_cvat_schema(task.labels, config.label_schema, *attributes)
        return self._api._build_cvat_schema(config.label_schema, *attributes)

    def _ask_for_labels(self) -> None:
        """Ask for the labels of all tasks, which together are the run's schema.

        Those of tasks of one project need not be asked for before: one tells all.
        """
        left = [each for each in self._results.task_ids if each not in self._labels]
        workers = min(self._results.config.max_workers, len(left))
        with side_by_side(self._labels_or_none, left, workers) as answers:
            for task_id, labels in zip(left, answers, strict=True):
                if labels is not None:
                    self._labels[task_id] = labels

    def _labels_or_none(self, task_id: int) -> list[Json] | None:
        """Return the labels of a task, or None if it is not seen: the load tells so."""
        try:
            return self._api._get_task_labels(task_id)
        except (NotFoundError, AccessDeniedError, OrganizationError):
            return None

    def _ask_and_read(
        self, task_id: int, owners: dict[str, str], columns: Columns
    ) -> tuple[TaskAnswer, StoredLabels] | CVATError:
        """Ask for a task, and read its labels here while the server answers.

        Returns:
            the refusal if the task does not exist any more, may not be seen, or is not
            in the organization that it is looked for in
        """
        frames = frame_refs(self._results.frame_id_map[task_id])
        refs = {
            frame: FrameRef(owners.get(ref.frame_id or "", ref.sample_id), ref.frame_id)
            for frame, ref in frames.items()
        }
        refusal = self._whereabouts.refusal(task_id)
        if refusal is not None:
            return refusal
        stored = begin(partial(columns.read, set(refs.values())))
        task = self._ask(task_id, refs)
        return task if isinstance(task, CVATError) else (task, stored())

    def _ask(self, task_id: int, refs: dict[int, FrameRef]) -> TaskAnswer | CVATError:
        """Ask for a task; a refusal if it does not exist any more, or is not seen.

        Args:
            task_id: the task
            refs: the position of a frame, as they were numbered when it went up, to
                what it is in the dataset
        """
        known = self._asked.pop(task_id, None)
        questions: list[Callable[[], Any]] = [
            partial(self._annotations_of, task_id, known),
            partial(self._meta_of, task_id, known),
            partial(self._labels_of, task_id),
        ]
        workers = len(questions) if self._is_lone(task_id) else 1
        try:
            with side_by_side(_answer_of, questions, workers) as answers:
                annotations = next(answers)
                if isinstance(annotations, CVATError):
                    return annotations
                meta, labels = answers
            return self._read(task_id, refs, annotations, meta, labels)
        except (AccessDeniedError, OrganizationError) as error:
            # another organization may show the annotations, and not labels or jobs
            return error

    def _is_lone(self, task_id: int) -> bool:
        """Whether what is asked of a task may be asked at once: few tasks are left.

        It saves the waits of a small load, and asks for nothing of a task in vain: the
        server has just listed it.
        """
        at_once = 3 * len(self._results.task_ids)
        return at_once <= self._results.config.max_workers and self._chosen.is_listed(
            task_id
        )

    def _annotations_of(
        self, task_id: int, known: AskedTask | None
    ) -> Json | CVATError:
        """Return a task's annotations; the refusal if it is not seen."""
        if known is not None and known.annotations is not None:
            return known.annotations
        url = self._api.task_annotation_url(task_id)
        try:
            answer = self._api.get(url, print_error_info=False)
        except (NotFoundError, AccessDeniedError) as error:
            return error
        with collection_paused():
            annotations: Json = answer.json()
        check_annotations(annotations, f"Task {task_id}: {answer.url}")
        return annotations

    def _meta_of(self, task_id: int, known: AskedTask | None) -> Json:
        if known is not None:
            return known.meta
        meta: Json = self._api.get(self._api.task_data_meta_url(task_id)).json()
        return meta

    def _labels_of(self, task_id: int) -> list[Json]:
        known = self._labels.get(task_id)
        return self._api._get_task_labels(task_id) if known is None else known

    def _read(
        self,
        task_id: int,
        refs: dict[int, FrameRef],
        annotations: Json,
        meta: Json,
        labels: list[Json],
    ) -> TaskAnswer:
        """Put together what there is of a task; ask for its jobs if need be."""
        results = self._results
        url = self._api.task_data_meta_url(task_id)
        images = [frame for frame, ref in refs.items() if ref.frame_id is None]
        check_meta(meta, images, f"Task {task_id}: {url}")
        offset = first_frame(results, task_id)
        refs = frames_as_numbered(results.frame_numbering, refs, meta, offset)
        not_asked = self._chosen.frames_left(refs)
        if not_asked:
            for kind in ("tags", "shapes"):
                annotations[kind] = [
                    each
                    for each in annotations[kind]
                    if not isinstance(each, dict) or each.get("frame") not in not_asked
                ]
        return TaskAnswer(
            task_id,
            with_label_id(labels, annotations, results.server_id_map),
            frames_to_sizes(meta),
            annotations,
            refs,
            self._jobs_of(task_id, annotations, meta),
            set(meta.get("deleted_frames") or ()),
            [str(each.get("name") or "") for each in meta["frames"]],
            not_asked,
        )

    def _jobs_of(
        self, task_id: int, annotations: Json, meta: Json
    ) -> list[tuple[int, int]]:
        """Return the first and last position of a task's jobs; one if it has no tracks.

        How a task is cut into jobs is decided as it is created.
        """
        job_ids = self._results.job_ids.get(task_id) or ()
        if not annotations["tracks"] or len(job_ids) == 1:
            return [(0, meta["size"] - 1)]
        jobs = self._api._get_annotation_jobs(task_id)
        if not jobs and self._api._organization:
            raise OrganizationError(
                f"CVAT at {self._api.base_url} lists no job of task {task_id} in the "
                f"organization {self._api._organization}"
            )
        return [(job["start_frame"], job["stop_frame"]) for job in jobs]


def _advice(results: Any) -> str:
    """Return what to do about a run of which no task is left."""
    if not results.task_ids:
        call = f"`dataset.delete_annotation_run('{results.key}')`"
        return f"They were deleted from here, as by `cleanup()`: {call} frees its key"
    call = attach_call(results.key, results.task_ids)
    return (
        f"If they were restored, duplicated or moved, {call} points the run at the new "
        "ones"
    )


def _answer_of(question: Callable[[], Any]) -> Any:
    return question()


def _warn_of_names(task: TaskAnswer, results: Any) -> None:
    """Warn of attributes that labels cannot have; what a run sent has none of them."""
    names = names_of_no_attribute(task.labels)
    if names and results.frame_numbering == "file":
        logger.warning(
            "Task %d: the attributes '%s' of labels in CVAT are left out: labels in "
            "FiftyOne have parts of these names, or the database takes none such",
            task.id,
            "', '".join(names),
        )
