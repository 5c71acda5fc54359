"""Which indexes labels get only after the merge."""

from __future__ import annotations

from fiftyone_cvat.download.withheld_indexes import withhold_shared_indexes
from tests.builders import detection


def test_indexes_that_labels_of_a_frame_share_are_withheld():
    cat, dog, bus = (
        detection(name, index=index, number=number)
        for name, index, number in (("cat", 1, 1), ("dog", 1, 2), ("bus", 2, 3))
    )
    labels = {each.id: each for each in (cat, dog, bus)}

    withheld = withhold_shared_indexes([(labels, [cat, detection(index=2, number=3)])])

    assert withheld == {cat.id: 1, dog.id: 1}
    assert [each.index for each in labels.values()] == [None, None, 2]


def test_an_index_shared_with_a_label_that_did_not_go_up_is_withheld():
    cat, other = detection("cat", index=1), detection("dog", index=1, number=2)

    assert withhold_shared_indexes([({cat.id: cat}, [cat, other])]) == {cat.id: 1}
    assert (cat.index, other.index) == (None, 1)


def test_an_index_shared_on_one_frame_is_withheld_on_all():
    cat, dog, later, bus = (
        detection(name, index=index, number=number)
        for number, (name, index) in enumerate(
            [("cat", 1), ("dog", 1), ("cat", 1), ("bus", 2)]
        )
    )
    first, second = {cat.id: cat, dog.id: dog}, {later.id: later, bus.id: bus}

    withheld = withhold_shared_indexes([(first, []), (second, [])])

    assert withheld == {cat.id: 1, dog.id: 1, later.id: 1}
    assert (later.index, bus.index) == (None, 2)


def test_an_index_of_tracks_that_had_a_shared_one_is_withheld():
    before = [detection(name, index=1, number=n) for n, name in enumerate("ab")]
    after = [detection(name, index=n + 2, number=n) for n, name in enumerate("ab")]
    later = detection("a", index=2, number=2)
    frames = [({each.id: each for each in after}, before), ({later.id: later}, [])]

    withheld = withhold_shared_indexes(frames)

    assert withheld == {after[0].id: 2, after[1].id: 3, later.id: 2}
    assert [each.index for each in (*after, later)] == [None] * 3
