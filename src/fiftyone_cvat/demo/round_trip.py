"""The main job: FiftyOne datasets go to CVAT, are edited there, and come back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import fiftyone as fo

from fiftyone_cvat.demo.annotator import Annotator
from fiftyone_cvat.demo.comparison import (
    Outcome,
    expected_counts,
    expected_frames,
    result_of,
    result_of_track,
)
from fiftyone_cvat.demo.pictures import FIELDS, Scenario
from fiftyone_cvat.demo.samples import (
    LABEL_TYPES,
    picture_to_sample,
    sample_to_frames,
    sample_to_picture,
    video_to_sample,
)

__all__ = ["RoundTrip", "ServerOptions"]

NAME = "fiftyone-cvat demo"
RUN = "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """Which server, and who is there; by default the recorded one.

    Attributes:
        url: the server's address
        username: the user name
        email: the e-mail address, in place of the user name
        password: the password
        access_token: a token, in place of a password
        organization: the short name of the organization to work in
        verify_ssl: whether to verify the certificate, or the path of a CA bundle
    """

    url: str = "http://cvat.example.com"
    username: str | None = "admin"
    email: str | None = None
    password: str | None = field(default="password", repr=False)
    access_token: str | None = field(default=None, repr=False)
    organization: str | None = None
    verify_ssl: bool | str = True

    def credentials(self) -> dict[str, Any]:
        """Return the keywords that FiftyOne passes on to the backend each time."""
        return {
            "url": self.url,
            "username": self.username,
            "email": self.email,
            "password": self.password,
            "access_token": self.access_token,
            "verify_ssl": self.verify_ssl,
        }


class RoundTrip:
    """Pictures and a video on their way to a server and back.

    Args:
        scenario: pictures, video, labels and edits
        server: where to send them
    """

    def __init__(self, scenario: Scenario, server: ServerOptions) -> None:
        self._scenario = scenario
        self._server = server
        self._runs: list[_Run] = []
        self._pictures = fo.Dataset(NAME)
        self._video = fo.Dataset(f"{NAME}, video")

    def build(self) -> None:
        """Fill the datasets with the scenario's pictures, video and labels."""
        scenario = self._scenario
        self._pictures.default_skeleton = fo.KeypointSkeleton(
            labels=scenario.skeleton.nodes,
            edges=[
                [scenario.skeleton.nodes.index(each) for each in edge]
                for edge in scenario.skeleton.edges
            ],
        )
        samples = [picture_to_sample(each, scenario.size) for each in scenario.pictures]
        self._pictures.add_samples(samples, progress=False)
        self._video.add_sample(video_to_sample(scenario.video))

    def send(self) -> None:
        """Send the pictures to the server in one task, the video in another."""
        scenario = self._scenario
        motions = scenario.motions
        motion = {"type": "radio", "values": motions, "default": motions[0]}
        schema = {
            FIELDS[kind]: {
                "type": label_type,
                "classes": scenario.classes[kind],
                "attributes": {"motion": motion} if kind == "box" else {},
            }
            for kind, label_type in LABEL_TYPES.items()
        }
        schema["scene"] = {
            "type": "classification",
            "classes": scenario.scenes,
            "attributes": {},
        }
        tracks = {
            FIELDS["track"]: {
                "type": "detections",
                "classes": scenario.classes["track"],
                "attributes": {},
            }
        }
        self._annotate(self._pictures, NAME, schema)
        self._annotate(self._video, f"{NAME}, video", tracks)

    def _annotate(self, dataset: Any, name: str, schema: dict[str, Any]) -> None:
        results = dataset.annotate(
            RUN,
            backend="cvat",
            label_schema=schema,
            task_name=name,
            organization=self._server.organization,
            **self._server.credentials(),
        )
        self._runs.append(_Run(dataset, results))

    @property
    def task_urls(self) -> list[str]:
        """The addresses of the tasks, for people."""
        return [each.task_url for each in self._runs]

    def edit(self) -> None:
        """Make the annotator's edits on the server."""
        for run in self._runs:
            frames = {
                run.dataset[each["sample_id"]].filename: number
                for number, each in run.results.frame_id_map[run.task_id].items()
            }
            api = run.results.connect_to_api()
            edits = [e for e in self._scenario.edits if e.picture in frames]
            Annotator(api, run.task_id, frames).make(edits)

    def load(self) -> Outcome:
        """Load the labels back into the datasets, and compare."""
        credentials, scenario = self._server.credentials(), self._scenario
        counts: dict[str, dict[str, int]] = {}
        surprises: list[str] = []
        for run in self._runs:
            run.dataset.load_annotations(RUN, progress=False, **credentials)
            results = run.dataset.load_annotation_results(RUN, **credentials)
            reconciliation = results.reconciliation
            fields = results.config.label_schema
            counts |= {name: reconciliation.totals(name) for name in fields}
            surprises += [f"{n} x {why}" for why, n in reconciliation.reasons.items()]
        before = {picture.name: picture for picture in scenario.pictures}
        paths = {name: picture.path for name, picture in before.items()}
        after = {
            each.filename: sample_to_picture(each, paths[each.filename], scenario.size)
            for each in self._pictures
        }
        frames = scenario.video.pictures()
        frames_after = sample_to_frames(self._video.first(), scenario.video)
        results_of_edits = [
            (
                edit,
                *(
                    result_of_track(frames, frames_after, expected_frames(scenario))
                    if edit.kind == "track"
                    else result_of(edit, before[edit.picture], after[edit.picture])
                ),
            )
            for edit in scenario.edits
        ]
        surprises += [f"{was} ({e.words})" for e, was, ok in results_of_edits if not ok]
        if counts != expected_counts(scenario):
            expected = expected_counts(scenario)
            surprises.append(f"the counts should be {expected}, but are {counts}")
        return Outcome(
            before=list(before.values()),
            after=[after[name] for name in before],
            counts=counts,
            results=results_of_edits,
            skeleton=scenario.skeleton,
            frames_before=frames,
            frames_after=frames_after,
            surprises=surprises,
        )

    def clean_up(self) -> None:
        """Delete from the server what was sent there."""
        while self._runs:
            self._runs[-1].results.cleanup()
            self._runs.pop()


@dataclass(frozen=True, slots=True)
class _Run:
    """A dataset and the results of its run, in one task."""

    dataset: Any
    results: Any

    @property
    def task_id(self) -> int:
        """The number of the task on the server."""
        number: int = self.results.task_ids[0]
        return number

    @property
    def task_url(self) -> str:
        """The address of the task for people."""
        url: str = self.results.connect_to_api().base_task_url(self.task_id)
        return url
