"""The main job: a FiftyOne dataset goes to CVAT, is edited there, and comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import fiftyone as fo

from fiftyone_cvat.demo.annotator import Annotator
from fiftyone_cvat.demo.comparison import Outcome, expected_counts, result_of
from fiftyone_cvat.demo.pictures import Box, Picture, Scenario, Thing

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
    """One dataset on its way to a server and back.

    Args:
        scenario: pictures, labels and edits
        server: where to send them
    """

    def __init__(self, scenario: Scenario, server: ServerOptions) -> None:
        self._scenario = scenario
        self._server = server
        self._results: Any = None
        self.dataset = fo.Dataset(NAME)

    def build(self) -> None:
        """Fill the dataset with the scenario's pictures and labels."""
        size = self._scenario.size
        self.dataset.add_samples(
            [_sample(picture, size) for picture in self._scenario.pictures],
            progress=False,
        )

    def send(self) -> None:
        """Send pictures and labels to the server, in one task."""
        motions = self._scenario.motions
        motion = {"type": "radio", "values": motions, "default": motions[0]}
        schema = {
            "objects": {
                "type": "detections",
                "classes": self._scenario.classes,
                "attributes": {"motion": motion},
            },
            "scene": {
                "type": "classification",
                "classes": self._scenario.scenes,
                "attributes": {},
            },
        }
        self._results = self.dataset.annotate(
            RUN,
            backend="cvat",
            label_schema=schema,
            task_name=NAME,
            organization=self._server.organization,
            **self._server.credentials(),
        )

    @property
    def task_id(self) -> int:
        """The task's number on the server."""
        number: int = self._results.task_ids[0]
        return number

    @property
    def task_url(self) -> str:
        """The task's address for people."""
        url: str = self._results.connect_to_api().base_task_url(self.task_id)
        return url

    def edit(self) -> None:
        """Make the annotator's edits on the server."""
        frames = {
            self.dataset[each["sample_id"]].filename: number
            for number, each in self._results.frame_id_map[self.task_id].items()
        }
        api = self._results.connect_to_api()
        Annotator(api, self.task_id, frames).make(self._scenario.edits)

    def load(self) -> Outcome:
        """Load the labels back into the dataset, and compare."""
        credentials = self._server.credentials()
        self.dataset.load_annotations(RUN, progress=False, **credentials)
        results = self.dataset.load_annotation_results(RUN, **credentials)
        reconciliation = results.reconciliation
        counts = {name: reconciliation.totals(name) for name in ("objects", "scene")}
        before = {picture.name: picture for picture in self._scenario.pictures}
        after = {each.filename: _picture(each, self._scenario) for each in self.dataset}
        edits = [
            (edit, *result_of(edit, before[edit.picture], after[edit.picture]))
            for edit in self._scenario.edits
        ]
        surprises = [f"{words} ({edit.words})" for edit, words, ok in edits if not ok]
        if counts != expected_counts(self._scenario):
            expected = expected_counts(self._scenario)
            surprises.append(f"the counts should be {expected}, but are {counts}")
        surprises += [f"{n} x {why}" for why, n in reconciliation.reasons.items()]
        return Outcome(
            before=list(before.values()),
            after=[after[name] for name in before],
            counts=counts,
            results=edits,
            surprises=surprises,
        )

    def clean_up(self) -> None:
        """Delete from the server what was sent there."""
        if self._results is not None:
            self._results.cleanup()
            self._results = None


def _sample(picture: Picture, size: tuple[int, int]) -> Any:
    detections = [
        fo.Detection(
            id=thing.id,
            label=thing.name,
            bounding_box=_relative(thing.box, size),
            motion=thing.motion,
        )
        for thing in picture.things.values()
    ]
    return fo.Sample(
        filepath=str(picture.path),
        objects=fo.Detections(detections=detections),
        scene=fo.Classification(id=picture.scene_id, label=picture.scene),
    )


def _picture(sample: Any, scenario: Scenario) -> Picture:
    things = {
        each.id: Thing(
            each.id,
            each.label,
            _pixels(each.bounding_box, scenario.size),
            each["motion"],
        )
        for each in sample.objects.detections
    }
    path = next(each.path for each in scenario.pictures if each.name == sample.filename)
    return Picture(path, sample.scene.id, sample.scene.label, things)


def _relative(box: Box, size: tuple[int, int]) -> list[float]:
    (left, top, width, height), (wide, high) = box, size
    return [left / wide, top / high, width / wide, height / high]


def _pixels(box: list[float], size: tuple[int, int]) -> Box:
    (left, top, width, height), (wide, high) = box, size
    return left * wide, top * high, width * wide, height * high
