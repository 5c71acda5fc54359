"""Which index tracks get that come back."""

from __future__ import annotations

import fiftyone.core.labels as fol
import pytest

from fiftyone_cvat.convert.from_cvat.labels import ReadLabel
from fiftyone_cvat.convert.from_cvat.originals import Original
from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.convert.shared.track_keys import Naming
from fiftyone_cvat.download.tracks import settle_tracks
from fiftyone_cvat.server.task_answers import TaskAnswer
from tests.builders import detection, object_id

REFS = {number: FrameRef("sample", f"frame {number}") for number in range(6)}
CATS, DOGS, COPY = 10, 20, 30  # what the ids of their labels begin at


class Tracks:
    """Tracks that went up, and those that came back."""

    def __init__(self, *jobs):
        self.originals = {ref: {} for ref in REFS.values()}
        self.labels = []
        self.server_ids = {}
        self.task = TaskAnswer(1, [], {}, {}, REFS, list(jobs or [(0, 5)]), set())

    def went_up(self, name, first, frames=range(6), index=1):
        for frame in frames:
            label = detection(name, index=index, number=first + frame)
            self.originals[REFS[frame]][label.id] = Original(label)

    def came_back(self, number, name, first, frames=range(6), keys=None, part=1):
        """Add a track whose key shapes have ids; by default all are key shapes."""
        for frame in frames:
            is_key = first is not None and (keys is None or frame in keys)
            self.labels.append(
                ReadLabel(
                    kind="detections",
                    frame=frame,
                    value=detection(name, index=None),
                    label_id=object_id(first + frame) if is_key else None,
                    part=part,
                    annotation={"id": 100 + number, "label_id": 1},
                    track=number,
                )
            )

    def settle(self):
        settle_tracks(self.labels, self.originals, self.task, self.server_ids)
        assert all(each.index == each.value.index for each in self.labels)

    def indexes(self, number):
        return [each.index for each in self.labels if each.track == number]

    def ids(self, number):
        return [each.label_id for each in self.labels if each.track == number]


def ids_from(first, frames=range(6)):
    return [object_id(first + frame) for frame in frames]


def test_tracks_of_different_classes_may_share_an_index():
    tracks = Tracks()
    for number, (name, first) in enumerate([("cat", CATS), ("dog", DOGS)]):
        tracks.went_up(name, first)
        tracks.came_back(number, name, first, keys=[0])

    tracks.settle()

    assert [tracks.indexes(number) for number in (0, 1)] == [[1] * 6] * 2
    assert tracks.ids(0) == ids_from(CATS)
    assert tracks.ids(1) == ids_from(DOGS)


def test_parts_of_one_label_share_its_index():
    tracks = Tracks()
    tracks.went_up("cat", CATS)
    tracks.came_back(0, "cat", CATS)
    tracks.came_back(1, "cat", CATS, part=2)

    tracks.settle()

    assert tracks.indexes(0) == tracks.indexes(1) == [1] * 6


def test_parts_of_a_label_that_nobody_sent_are_one_track():
    tracks = Tracks()
    tracks.came_back(0, "cat", CATS, keys=[0, 3])
    tracks.came_back(1, "dog", DOGS)
    tracks.came_back(2, "cat", CATS, keys=[0, 3], part=2)
    # a copy of it
    tracks.came_back(3, "cat", CATS, keys=[0, 3])
    tracks.came_back(4, "cat", CATS, keys=[0, 3], part=2)

    tracks.settle()

    indexes = [tracks.indexes(number)[0] for number in range(5)]
    assert indexes == [1, 2, 1, 3, 3]
    # what they share tells which parts are one label, on frames between, too
    for number in (0, 2, 3, 4):
        assert tracks.ids(number) == [object_id(CATS)] * 6
    assert tracks.ids(1) == [None] * 6


def test_a_track_that_was_split_goes_on_with_its_first_part():
    tracks = Tracks()
    tracks.went_up("cat", CATS)
    tracks.went_up("dog", DOGS, index=7)
    tracks.came_back(0, "cat", CATS, frames=range(3))
    tracks.came_back(1, "cat", CATS, frames=range(3, 6), keys=[3])

    tracks.settle()

    assert tracks.indexes(0) == [1] * 3
    assert tracks.indexes(1) == [8] * 3  # above all that the dataset has
    # no label of the dataset has the new index: only the key shape has an id
    assert tracks.ids(1) == [object_id(CATS + 3), None, None]


@pytest.mark.parametrize(
    ("jobs", "indexes"),
    [
        pytest.param([(0, 2), (3, 5)], [1, 1], id="two jobs"),
        pytest.param([(0, 5)], [1, 2], id="one job"),
        pytest.param([(0, 3), (3, 5)], [1, 2], id="jobs that overlap"),
    ],
)
def test_parts_that_no_job_shows_both_of_are_one_track(jobs, indexes):
    tracks = Tracks(*jobs)
    tracks.went_up("cat", CATS)
    tracks.came_back(0, "cat", CATS, frames=range(3))
    tracks.came_back(1, "cat", CATS, frames=range(3, 6))

    tracks.settle()

    assert [tracks.indexes(number)[0] for number in (0, 1)] == indexes


def test_each_of_three_copies_is_a_track_of_its_own():
    tracks = Tracks()
    tracks.went_up("cat", CATS)
    for number in range(3):
        tracks.came_back(number, "cat", CATS)

    tracks.settle()

    assert [set(tracks.indexes(number)) for number in range(3)] == [{1}, {2}, {3}]


def test_a_copy_that_was_loaded_before_is_told_from_what_it_copies():
    tracks = Tracks()
    tracks.went_up("cat", CATS)
    tracks.went_up("cat", COPY, index=2)
    tracks.server_ids[101] = object_id(COPY)
    for number in (0, 1):
        tracks.came_back(number, "cat", CATS, keys=[0, 5])

    tracks.settle()

    assert [tracks.indexes(number) for number in (0, 1)] == [[1] * 6, [2] * 6]
    assert tracks.ids(0) == ids_from(CATS)
    assert tracks.ids(1) == ids_from(COPY)


def test_two_tracks_of_one_class_and_index_keep_it():
    tracks = Tracks()
    for number, first in enumerate([CATS, COPY]):
        tracks.went_up("cat", first)
        tracks.came_back(number, "cat", first, keys=[0, 3])
        tracks.server_ids[100 + number] = object_id(first)

    tracks.settle()

    for number, first in enumerate([CATS, COPY]):
        assert tracks.indexes(number) == [1] * 6
        # between key shapes the place decides which label it is
        ids = tracks.ids(number)
        assert [ids[frame] for frame in (0, 3)] == ids_from(first, [0, 3])
        assert {ids[frame] for frame in (1, 2, 4, 5)} == {None}


def test_a_copy_that_is_listed_first_takes_no_index():
    tracks = Tracks()
    tracks.went_up("cat", CATS)
    for number in (1, 0):
        tracks.came_back(number, "cat", CATS)
    tracks.server_ids[100] = object_id(CATS)

    tracks.settle()

    assert [set(tracks.indexes(number)) for number in (0, 1)] == [{1}, {2}]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["first", "last"])
def test_a_copy_that_was_loaded_goes_on_as_the_track_it_became(order):
    tracks = Tracks()
    tracks.went_up("cat", CATS)
    tracks.went_up("cat", COPY, index=2)  # what the first load made of the copy
    for number in order:
        tracks.came_back(number, "cat", CATS)  # with the ids of what was copied
    tracks.server_ids = {100: object_id(CATS), 101: object_id(COPY)}

    tracks.settle()

    assert [set(tracks.indexes(number)) for number in (0, 1)] == [{1}, {2}]
    assert tracks.ids(0) == ids_from(CATS)
    assert tracks.ids(1) == ids_from(COPY)


def test_the_majority_of_key_shapes_decides():
    tracks = Tracks()
    tracks.went_up("cat", CATS, index=4)
    tracks.went_up("cat", DOGS, index=5)
    tracks.came_back(0, "cat", CATS, frames=[0])
    tracks.came_back(0, "cat", DOGS, frames=range(1, 6))

    tracks.settle()

    assert tracks.indexes(0) == [5] * 6


def test_a_track_without_ids_is_found_by_what_the_server_called_it():
    tracks = Tracks()
    tracks.went_up("cat", CATS)
    tracks.came_back(0, "cat", None)
    tracks.server_ids = {100: object_id(CATS)}

    tracks.settle()

    assert tracks.indexes(0) == [1] * 6
    assert tracks.ids(0) == ids_from(CATS)


def test_new_tracks_get_new_indexes():
    tracks = Tracks()
    tracks.came_back(0, "cat", None, frames=[0, 1])
    tracks.came_back(1, "dog", None, frames=[1, 2])

    tracks.settle()

    assert [set(tracks.indexes(number)) for number in (0, 1)] == [{1}, {2}]
    assert tracks.ids(0) == tracks.ids(1) == [None, None]


def test_a_track_of_another_class_now_keeps_its_index_and_ids():
    tracks = Tracks()
    tracks.went_up("cat", CATS)
    tracks.came_back(0, "dog", CATS, keys=[0, 3])

    tracks.settle()

    assert tracks.indexes(0) == [1] * 6
    assert tracks.ids(0) == ids_from(CATS)


def test_labels_of_no_track_are_left_alone():
    tracks = Tracks()
    tracks.came_back(0, "cat", None)
    for each in tracks.labels:
        each.track = None

    tracks.settle()

    assert {each.index for each in tracks.labels} == {None}


ONE, TWO = object_id(501), object_id(502)


def named(index, instance, number):
    more = {} if instance is None else {"instance": fol.Instance(id=instance)}
    return detection("cat", index=index, number=number, **more)


BOTH = Naming(by_instance=True, by_index=True)


class NamedTracks(Tracks):
    """Tracks of a field whose labels have instances."""

    def named(self, first, frames=range(6), index=None, instance=ONE, key=None):
        for frame in frames:
            label = named(index, instance, first + frame)
            key_of_object = key or (instance if index is None else None)
            original = Original(label, key_of_object=key_of_object)
            self.originals[REFS[frame]][label.id] = original

    def settle(self, naming=BOTH):
        settle_tracks(
            self.labels,
            self.originals,
            self.task,
            self.server_ids,
            naming=lambda: naming,
        )

    def named_as(self, number):
        return [
            (each.index, each.instance) for each in self.labels if each.track == number
        ]


class TestInstances:
    def test_a_track_goes_on_as_it_was_named(self):
        tracks = NamedTracks()
        tracks.named(CATS, range(3))
        tracks.named(DOGS, range(3), index=7, instance=TWO)
        tracks.came_back(1, "cat", CATS, keys=range(3))
        tracks.came_back(2, "cat", DOGS, keys=range(3))
        tracks.settle()
        assert tracks.named_as(1) == [(None, ONE)] * 6
        assert tracks.named_as(2) == [(7, TWO)] * 6
        assert tracks.ids(1) == [*ids_from(CATS, range(3)), None, None, None]

    def test_an_index_without_an_instance_goes_on_without(self):
        tracks = NamedTracks()
        tracks.named(CATS, index=7, instance=None)
        tracks.came_back(1, "cat", CATS)
        tracks.settle()
        assert tracks.named_as(1) == [(7, None)] * 6

    def test_labels_that_join_an_index(self):
        tracks = NamedTracks()
        tracks.named(CATS, range(3), index=7)
        tracks.named(CATS, range(3, 5), key=7)
        tracks.came_back(1, "cat", CATS, keys=range(3))
        tracks.settle()
        assert tracks.named_as(1) == [(7, ONE)] * 6
        assert tracks.ids(1) == [*ids_from(CATS, range(5)), None]

    def test_new_tracks_have_one_each(self):
        tracks = NamedTracks()
        tracks.named(CATS)
        tracks.came_back(1, "cat", CATS)
        tracks.came_back(2, "cat", None)
        tracks.came_back(3, "cat", None)
        tracks.settle()
        [(two, other)], [(three, third)] = map(set, map(tracks.named_as, (2, 3)))
        assert (two, three) == (1, 2)
        assert len({None, ONE, other, third}) == 4

    def test_new_tracks_where_no_label_has_any(self):
        tracks = NamedTracks()
        tracks.came_back(1, "cat", None)
        tracks.settle(Naming())
        assert tracks.named_as(1) == [(1, None)] * 6

    def test_new_tracks_where_all_labels_have_instances_only(self):
        tracks = NamedTracks()
        tracks.named(CATS)
        tracks.came_back(1, "cat", CATS)
        tracks.came_back(2, "cat", None)
        tracks.settle(Naming(by_instance=True))
        assert tracks.named_as(1) == [(None, ONE)] * 6
        [(index, instance)] = {*tracks.named_as(2)}
        assert index is None
        assert instance not in (None, ONE)

    def test_parts_of_a_new_track_have_one_instance(self):
        """A track of two parts, as of outlines, that was copied."""
        tracks = NamedTracks()
        tracks.came_back(1, "cat", CATS)
        tracks.came_back(2, "cat", CATS, part=2)
        tracks.came_back(3, "cat", DOGS)
        tracks.settle(Naming(by_instance=True))
        first, second, other = (set(tracks.named_as(each)) for each in (1, 2, 3))
        assert first == second
        assert len(first | other) == 2

    def test_a_part_that_was_split_off_is_new(self):
        tracks = NamedTracks()
        tracks.named(CATS)
        tracks.came_back(1, "cat", CATS, range(4))
        tracks.came_back(2, "cat", CATS, range(4, 6))
        tracks.settle()
        assert tracks.named_as(1) == [(None, ONE)] * 4
        [(index, other)] = set(tracks.named_as(2))
        assert index == 1
        assert other not in (None, ONE)
        assert tracks.ids(2) == ids_from(CATS, range(4, 6))
