"""What FiftyOne sees and stores: the backend's configuration, itself, its results.

FiftyOne stores the dotted paths of the configuration and results classes with each
run, and finds the backend by dropping ``Config`` from the configuration's name: these
three classes stay in this module, under these names, for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import fiftyone.core.fields as fof
import fiftyone.core.media as fom
import fiftyone.utils.annotations as foua

from fiftyone_cvat import console
from fiftyone_cvat.convert.to_cvat import attribute_specs, schema
from fiftyone_cvat.dataset.absent_attributes import leave_out_all_fields
from fiftyone_cvat.dataset.label_schemas import write_new_classes
from fiftyone_cvat.dataset.load_state import LoadState
from fiftyone_cvat.dataset.media_paths import MULTIMODAL
from fiftyone_cvat.dataset.merges import begin_merge, finish_merge, resume_merge
from fiftyone_cvat.download.destinations import check_running_load
from fiftyone_cvat.review.members import Review
from fiftyone_cvat.runs import absent_tasks, cached_runs, keywords, stored_runs
from fiftyone_cvat.runs.arguments import (
    chosen_token,
    frame_numbers,
    one_of,
    positive_number,
    private,
    secret,
    secret_headers,
    server_url,
    settings_of,
    stored_text,
    text_of,
    texts_in_turn,
    truth,
    truth_or_text,
    whole_number,
)
from fiftyone_cvat.runs.chosen_jobs import ChosenJobs
from fiftyone_cvat.runs.foreign_results import own_results
from fiftyone_cvat.runs.last_loads import LoadOptions
from fiftyone_cvat.runs.load_keywords import options_of_load
from fiftyone_cvat.runs.run_tasks import RunTasks
from fiftyone_cvat.runs.users import users_in_turn
from fiftyone_cvat.types import RETURN_TYPES
from fiftyone_cvat.upload import checks, given_schema
from fiftyone_cvat.upload.run_preview import RunPreview, refuse_known_key, run_preview

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["CVATAnnotationResults", "CVATBackend", "CVATBackendConfig"]

console.show_lines()


class CVATBackendConfig(foua.AnnotationBackendConfig):
    """Configuration of :class:`CVATBackend`; credentials are never stored.

    Args:
        name: the name of the backend
        label_schema: the fields to annotate, with their classes and attributes
        media_field: the field with the paths of the media files to upload
        url: the url of the CVAT server, with its scheme
        username, email, password: who signs in
        headers: headers for all requests
        task_size: maximum number of images per task; videos are one per task
        segment_size: maximum number of images per job
        image_quality: the quality of CVAT's compressed images, from 0 to 100
        use_cache: whether CVAT processes media only when they are looked at
        use_zip_chunks, chunk_size: whether videos are kept in ZIP, and frames a chunk
        task_assignee: who gets the task(s); of a list, each the next; None is nobody
        job_assignees, job_assignee: to whom jobs are assigned, in turn; None is nobody
        job_reviewers: not used, with a warning: CVAT 2 has none
        project_name, project_id: the project of the tasks; one of a new name is created
        task_name: an optional task name to use for the created CVAT task
        occluded_attr, group_id_attr: attributes for occlusion and group of all objects
        issue_tracker: the URL of an issue tracker, or a list of one for each task
        organization: the short name (slug) of the organization
        frame_start, frame_stop, frame_step: first and last (inclusive) frame of videos,
            from 0, and their spacing; or lists, or dicts by filepath
        coerce_text_attrs: whether to guess types that the dataset does not tell
        access_token: a personal access token, in place of a password
        verify_ssl: True, False, or the path of a CA bundle in PEM form
        timeout, wait_timeout: seconds to wait for one answer, and for a task's building
        on_failure: ``rollback`` deletes what a failed run created, ``keep`` does not
        max_workers: how many tasks are sent or loaded at the same time; 1 to 16, else 4
        dry_run: whether ``annotate`` only checks, and returns what it would send

    Raises:
        ConfigurationError: if a value cannot work
    """

    def __init__(
        self,
        name: str,
        label_schema: dict[Any, Any],
        media_field: str = "filepath",
        url: str | None = None,
        username: str | None = None,
        email: str | None = None,
        password: str | None = None,
        headers: dict[str, str] | None = None,
        task_size: int | None = None,
        segment_size: int | None = None,
        image_quality: int = 75,
        use_cache: bool = True,
        use_zip_chunks: bool = True,
        chunk_size: int | None = None,
        task_assignee: str | Sequence[str] | None = None,
        job_assignees: Sequence[str] | None = None,
        job_reviewers: Sequence[str] | None = None,
        project_name: str | None = None,
        project_id: int | None = None,
        task_name: str | None = None,
        occluded_attr: str | None = None,
        group_id_attr: str | None = None,
        issue_tracker: str | Sequence[str] | None = None,
        organization: str | None = None,
        frame_start: Any = None,
        frame_stop: Any = None,
        frame_step: Any = None,
        coerce_text_attrs: bool = True,
        access_token: str | None = None,
        verify_ssl: bool | str = True,
        timeout: float = 60.0,
        wait_timeout: float = 3600.0,
        on_failure: str = "rollback",
        max_workers: int | None = None,
        job_assignee: str | Sequence[str] | None = None,
        dry_run: bool = False,
        **kwargs: Any,
    ) -> None:
        keywords.refuse_members(type(self), kwargs)
        super().__init__(
            name, label_schema, media_field, **keywords.without_credentials(kwargs)
        )
        self.url = self._stored_url = server_url(url)
        self.task_size = whole_number("task_size", task_size, least=1)
        self.segment_size = whole_number("segment_size", segment_size, least=1)
        self.image_quality = whole_number(
            "image_quality", image_quality, least=0, most=100
        )
        self.use_cache = truth("use_cache", use_cache)
        self.use_zip_chunks = truth("use_zip_chunks", use_zip_chunks)
        self.chunk_size = whole_number("chunk_size", chunk_size, least=1)
        self.task_assignee = users_in_turn(name, task_assignee=task_assignee)
        both = {"job_assignees": job_assignees, "job_assignee": job_assignee}
        self.job_assignees = users_in_turn(name, **both)
        self.job_reviewers = users_in_turn(name, job_reviewers=job_reviewers)
        self.project_name = stored_text(name, "project_name", project_name)
        self.project_id = whole_number("project_id", project_id, least=1)
        self.task_name = stored_text(name, "task_name", task_name)
        self.occluded_attr = stored_text(name, "occluded_attr", occluded_attr)
        self.group_id_attr = stored_text(name, "group_id_attr", group_id_attr)
        self.issue_tracker = texts_in_turn(name, "issue_tracker", issue_tracker)
        organization = stored_text(name, "organization", organization)
        self.organization = self._stored_organization = organization
        self.frame_start = frame_numbers("frame_start", frame_start, least=0)
        self.frame_stop = frame_numbers("frame_stop", frame_stop, least=0)
        self.frame_step = frame_numbers("frame_step", frame_step, least=1)
        self.coerce_text_attrs = truth("coerce_text_attrs", coerce_text_attrs)
        self.verify_ssl = truth_or_text(verify_ssl)
        self.timeout = positive_number("timeout", timeout)
        self.wait_timeout = positive_number("wait_timeout", wait_timeout)
        self.on_failure = one_of("on_failure", on_failure, "rollback", "keep")
        workers = whole_number("max_workers", max_workers, least=1, most=16)
        self.max_workers = workers or 4
        self.username, self.email, self.password = username, email, password
        ways = {"username": username, "email": email, "password": password}
        self.access_token = chosen_token(name, ways | {"access_token": access_token})
        self.headers = headers
        self._jobs, self._load_options = None, LoadOptions()
        self._given_schema, self._dry_run = None, truth("dry_run", dry_run)

    username = secret("username", "The user name; not stored.")
    email = secret("email", "The e-mail address; not stored.")
    password = secret("password", "The password; not stored.")
    headers = secret_headers("Headers for all requests; not stored.")
    access_token = secret("access_token", "The personal access token; not stored.")
    jobs = private("jobs", "The jobs that a load is asked for; not stored.")
    load_options = private("load_options", "What a load is asked for; not stored.")
    dry_run = private("dry_run", "Whether nothing is to be sent; not stored.")
    given_schema = private("given_schema", "What ``annotate`` was given; not stored.")

    def _sanitize_label_schema(self, label_schema: Any) -> None:
        stored_runs.number_targets(label_schema)  # FiftyOne 1.8 fails on colours

    def load_credentials(
        self,
        url: str | None = None,
        username: str | None = None,
        password: str | None = None,
        email: str | None = None,
        headers: dict[str, str] | None = None,
        access_token: str | None = None,
        verify_ssl: bool | str | None = None,
        organization: str | None = None,
        jobs: ChosenJobs = None,
        **settings: Any,
    ) -> None:
        """Take credentials from the arguments, or else from FiftyOne's configuration.

        A run stays with the server and the organization that it was sent to, unless
        the arguments say otherwise.

        Args:
            url: the url of the CVAT server
            username: the CVAT username
            password: the CVAT password
            email: the CVAT email
            headers: headers to add to all requests
            access_token: a personal access token
            verify_ssl: whether to verify the server's certificate, or a CA bundle
            organization: the short name of the organization
            jobs: the jobs to load, see ``fiftyone_cvat.load``; None for all
            **settings: ``update_label_schema``; keywords of ``annotate`` change no run
        """
        self.load_options = options_of_load(self, settings)
        self.jobs = jobs
        stored = self._stored_url = self.url
        self._load_parameters(
            url=server_url(url),
            username=username,
            password=password,
            email=email,
            headers=headers,
            access_token=access_token,
            verify_ssl=verify_ssl,
        )
        if access_token is None and (username or email or password):
            self.access_token = None  # the environment's would go before them
        self.verify_ssl = truth_or_text(self.verify_ssl)
        if url is None and stored:
            keywords.tell_other_server(stored, self.url)
            self.url = stored
        if organization is not None:
            self.organization = text_of(self.name, "organization", organization)


class CVATBackend(foua.AnnotationBackend):
    """Class for interacting with the CVAT annotation backend."""

    @property
    def results_class(self) -> type[CVATAnnotationResults]:
        """The class of the results of this backend's runs."""
        return CVATAnnotationResults

    @property
    def supported_media_types(self) -> list[str]:
        """The kinds of media that can be annotated, or are refused by name."""
        return [fom.IMAGE, fom.VIDEO, fom.THREE_D, fom.POINT_CLOUD, MULTIMODAL]

    @property
    def supported_label_types(self) -> list[str]:
        """The types of label fields that can be annotated."""
        return list(RETURN_TYPES)

    @property
    def supported_scalar_types(self) -> list[type]:
        """The types of scalar fields that can be annotated."""
        return [fof.IntField, fof.FloatField, fof.StringField, fof.BooleanField]

    @property
    def supported_attr_types(self) -> list[str]:
        """The types of attributes that a label schema may name."""
        return list(attribute_specs.ATTRIBUTE_TYPES)

    supports_clips_views = supports_keyframes = True
    supports_video_sample_fields = False
    """Whether labels of whole videos can be annotated: CVAT has none."""
    requires_label_schema = False
    """Whether a schema is needed: an existing project brings its own."""

    def recommend_attr_tool(self, name: str, value: Any) -> dict[str, Any]:
        """Recommend how to annotate an attribute, as ``attribute_tool`` does."""
        return attribute_specs.attribute_tool(name, value)

    def requires_attr_values(self, attr_type: str) -> bool:
        """Whether attributes of a type need values to choose from."""
        return attr_type in ("select", "radio", "number")

    def register_run(self, samples: Any, key: str, **kwargs: Any) -> None:
        """Register a run that is to be sent.

        Raises:
            SchemaError: if a text of its label schema cannot be stored
            ConfigurationError: if nothing is to be sent, and there is such a run
        """
        schema.check_texts(self.config.label_schema or {})  # an import has none yet
        if self.config.dry_run:
            refuse_known_key(key, self.list_runs(samples))
            return
        super().register_run(samples, key, **kwargs)

    def upload_annotations(
        self, samples: Any, anno_key: str, launch_editor: bool = False
    ) -> CVATAnnotationResults | RunPreview:
        """Send samples to CVAT, or tell what would be sent.

        If that fails, the run's key is free again, unless finished tasks are kept.

        Args:
            samples: a :class:`fiftyone.core.collections.SampleCollection`
            anno_key: the annotation key
            launch_editor: whether to open the first task in a web browser

        Returns:
            a :class:`CVATAnnotationResults`; a :class:`RunPreview` if nothing is sent
        """
        if self.config.dry_run:
            checks.check_alone(samples, self.config)
            return run_preview(self.connect_to_api(), samples, self.config)
        try:
            if self._api is None:  # else nobody signs in, and the upload checks it
                checks.check_alone(samples, self.config)
            api = self.connect_to_api()
            results: CVATAnnotationResults = api.upload_samples(samples, anno_key, self)
        except BaseException:
            # one that can be resumed has saved results
            if self._is_empty(samples, anno_key):
                self.delete_run(samples, anno_key, cleanup=False)
            raise
        if launch_editor:
            results.launch_editor()
        return results

    def download_annotations(self, results: CVATAnnotationResults) -> dict[Any, Any]:
        """Download the annotations of a run: the nested dict that FiftyOne merges."""
        results = own_results(results, CVATAnnotationResults)
        with cached_runs.cached_unless_refused(results):
            check_running_load(results)
            api = self.connect_to_api()
            resume_merge(results)
            console.tell("Downloading labels from CVAT...")
            annotations: dict[Any, Any] = api.download_annotations(results)
        if begin_merge(results, annotations):
            self._store(results.samples, results.key, results)
        if results.reconciliation.nothing:
            leave_out_all_fields(results)
        if results.ids_to_merge is not None:
            absent_tasks.lend_ids(results, results.ids_to_merge)
        return annotations

    def store(self, results: CVATAnnotationResults) -> None:
        """Store a run's results as they are, in the cache, too, if they are there."""
        is_cached = self.has_cached_run_results(results.samples, results.key)
        self._store(results.samples, results.key, results, cache=is_cached)

    @classmethod
    def save_run_results(
        cls, samples: Any, key: str, run_results: Any, **kwargs: Any
    ) -> None:
        """Save a run's results, and end what loading its labels began."""
        if isinstance(run_results, RunPreview):
            return  # nothing was sent
        run_results = own_results(run_results, CVATAnnotationResults)
        if run_results is not None:
            finish_merge(run_results)
        try:
            cls._store(samples, key, run_results, **kwargs)
        except BaseException as error:
            tasks = ", ".join(map(str, getattr(run_results, "task_ids", ()))) or "none"
            error.add_note(f"Run '{key}' is not saved; its tasks in CVAT are {tasks}")
            raise
        write_new_classes(run_results)

    @classmethod
    def _store(cls, samples: Any, key: str | None, results: Any, **kwargs: Any) -> None:
        if key is None:
            return  # the results of such a run are not stored
        run_doc = cls._get_run_doc(samples, key)
        packed = results and stored_runs.PackedResults(results)
        with stored_runs.keep_results(run_doc, **kwargs):
            super().save_run_results(samples, key, packed, **kwargs)
        if kwargs.get("cache", True):  # in place of the packed ones
            samples._root_dataset._annotation_cache[key] = results
        cached_runs.note_file(run_doc, results)

    def _is_empty(self, samples: Any, anno_key: str) -> bool:
        """Tell whether a run is registered and has saved no results."""
        runs = self.list_runs(samples)
        return anno_key in runs and not self._get_run_doc(samples, anno_key).results

    def _connect_to_api(self) -> CVATAnnotationAPI:
        from fiftyone_cvat.api import CVATAnnotationAPI

        config = self.config
        keywords.tell_of_session(config)
        return CVATAnnotationAPI(config.name, config.url, **settings_of(config))


class CVATAnnotationResults(Review, RunTasks, LoadState, foua.AnnotationResults):
    """What is needed to monitor a run and to load its labels.

    Args:
        samples: a :class:`fiftyone.core.collections.SampleCollection`
        config: a :class:`CVATBackendConfig`
        anno_key: the annotation key
        id_map: field to sample id to the ids of the labels that went up
        server_id_map: by ``tags``, ``shapes``, ``tracks``: server's id to label's
        project_ids: the projects that the run created
        task_ids, job_ids: the run's tasks; task id to the ids of its jobs
        frame_id_map: task id to position of the frame, from 0, to ``sample_id`` and,
            for videos, ``frame_id``
        labels_task_map: field to the tasks that it is annotated in
        frame_numbering: ``task``, ``source`` (built-in runs) or ``file`` (not sent)
        progress: what is left to do of a run that can be resumed, or None
        fingerprints: by ``tags``, ``shapes``, ``tracks``, ``labels``, the server's id
            to what it was when it went up; of a label to its name
        merge: what FiftyOne is about to merge, until it has, or None
        deleted: field and id of each label that was deleted in CVAT
        left_out: task id to place to label id to a copy that another task's replaced
        tasks_with_view, frames_with_view: tasks, or else frames by their ids, whose
            labels have got the values that a view showed
        lost: task id to what the run knew of a task that is gone, to attach another
        attached: task id to the task whose place it has taken
        hidden_points: label id to the points that a view hid
        unstored: task id to place to label id to the parts that CVAT did not store
        raw_values: what the dataset has where a view shows other values
        last_loads, loaded_jobs: what was loaded last of each task and job, with dates
        beside_ids: job of ground truth, or replica, to its part of an ``id_map``
        left_frames: how many the last load has left, since their jobs were not chosen
        load_date: when the last load ended, in UTC, in ISO form; None before the first
        other_fields: those with labels that ``unexpected`` put there
        backend: the :class:`CVATBackend`
    """

    def __init__(
        self,
        samples: Any,
        config: CVATBackendConfig,
        anno_key: str,
        id_map: dict[Any, Any],
        server_id_map: dict[str, dict[int, str]],
        project_ids: list[int],
        task_ids: list[int],
        job_ids: dict[int, list[int]],
        frame_id_map: dict[int, dict[int, dict[str, str]]],
        labels_task_map: dict[Any, list[int]],
        frame_numbering: str = "task",
        progress: dict[str, Any] | None = None,
        fingerprints: dict[str, dict[int, str]] | None = None,
        merge: dict[str, Any] | None = None,
        deleted: Sequence[tuple[Any, str]] = (),
        left_out: dict[int, dict[str, Any]] | None = None,
        tasks_with_view: Sequence[int] = (),
        lost: dict[int, dict[str, Any]] | None = None,
        attached: dict[int, int] | None = None,
        hidden_points: dict[str, Any] | None = None,
        unstored: dict[int, dict[str, Any]] | None = None,
        raw_values: dict[Any, Any] | None = None,
        last_loads: dict[int, list[Any]] | None = None,
        loaded_jobs: dict[int, str | None] | None = None,
        frames_with_view: Sequence[str] = (),
        beside_ids: dict[int, Any] | None = None,
        left_frames: int = 0,
        load_date: str | None = None,
        other_fields: Sequence[str] = (),
        backend: CVATBackend | None = None,
    ) -> None:
        super().__init__(samples, config, anno_key, id_map, backend=backend)
        self.project_ids, self.task_ids = project_ids, task_ids
        self.server_id_map, self.job_ids = server_id_map, job_ids
        self.frame_id_map, self.labels_task_map = frame_id_map, labels_task_map
        self.frame_numbering, self.progress = frame_numbering, progress
        self.fingerprints = fingerprints or {}
        self.merge, self.deleted = merge, deleted
        self.left_out, self.unstored = left_out or {}, unstored or {}
        self.tasks_with_view, self.hidden_points = tasks_with_view, hidden_points or {}
        self.frames_with_view, self.beside_ids = frames_with_view, beside_ids or {}
        self.left_frames, self.load_date = left_frames, load_date
        self.raw_values = raw_values
        self.other_fields = other_fields
        self.lost, self.attached = lost or {}, attached or {}
        self.last_loads, self.loaded_jobs = last_loads or {}, loaded_jobs or {}

    @classmethod
    def _from_dict(
        cls, d: dict[str, Any], samples: Any, config: Any, anno_key: str
    ) -> CVATAnnotationResults:
        """Build results from what is stored, by this package or by the built-in."""
        results = cls(samples, config, anno_key, **stored_runs.stored_to_results(d))
        absent_tasks.show_hidden(results)  # a load may have been stopped
        results.has_new_settings = True
        return results


cached_runs.heed_keywords(CVATAnnotationResults)
given_schema.heed_given_schema(CVATBackend)
