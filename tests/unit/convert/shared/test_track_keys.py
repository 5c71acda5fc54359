"""Which labels are one track: the grouping by index and instance."""

from __future__ import annotations

from collections import defaultdict

import fiftyone.core.labels as fol
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiftyone_cvat.convert.shared.track_keys import (
    index_by_object,
    indexes_by_object,
    instance_id,
    objects_in_dispute,
    track_key,
)
from fiftyone_cvat.dataset.stored_labels import StoredLabel
from tests.builders import classification, detection, object_id

ONE, TWO = object_id(1), object_id(2)


def named(instance=None, index=None, name="cat"):
    more = {} if instance is None else {"instance": fol.Instance(id=instance)}
    return detection(name, index=index, **more)


class TestInstance:
    def test_of_a_label_and_of_what_the_database_holds(self):
        label = named(ONE)
        assert instance_id(label) == ONE
        assert instance_id(StoredLabel(label.to_dict())) == ONE

    @pytest.mark.parametrize("value", [None, "", "one", 7, {}, [ONE]])
    def test_what_is_none(self, value):
        label = detection(instance=value)
        assert instance_id(label) is None
        assert instance_id(StoredLabel(label.to_dict())) is None
        assert track_key(label, {}) is None

    def test_of_labels_that_have_none(self):
        assert instance_id(named()) is None
        assert instance_id(classification()) is None


class TestKeys:
    def test_an_index_comes_before_an_instance(self):
        assert track_key(named(ONE, 0), {("cat", ONE): 5}) == 0

    def test_an_instance_alone(self):
        assert track_key(named(ONE), {}) == ONE

    def test_an_instance_whose_object_has_an_index(self):
        indexes = index_by_object([named(ONE), named(ONE, 3), named(TWO, 4)])
        assert indexes == {("cat", ONE): 3, ("cat", TWO): 4}
        assert track_key(named(ONE), indexes) == 3

    def test_an_object_of_another_class_is_another_track(self):
        indexes = index_by_object([named(ONE, 3, "dog")])
        assert track_key(named(ONE), indexes) == ONE

    @pytest.mark.parametrize(
        ("indexes", "expected"), [([7, 2, 2], 2), ([7, 2], 2), ([2, 7, 7], 7)]
    )
    def test_an_object_of_several_indexes(self, indexes, expected):
        labels = [named(ONE, index) for index in indexes]
        assert index_by_object(labels) == {("cat", ONE): expected}


class TestDisputes:
    @pytest.mark.parametrize(
        ("labels", "disputed"),
        [
            ([named(ONE, 1), named(ONE, 1), named(ONE), named(None, 1)], []),
            ([named(ONE, 1), named(TWO, 2)], []),
            ([named(ONE), named(TWO), named(None, 1), named(None, 2)], []),
            ([named(ONE, 1), named(TWO, 1, "dog")], []),
            ([named(ONE, 1), named(ONE, 2, "dog")], []),
            ([named(ONE, 1), named(ONE, 2), named(TWO, 3)], [ONE]),
            ([named(ONE, 1), named(TWO, 1), named(TWO)], [ONE, TWO]),
            ([named(ONE, 1), named(ONE, 2), named(TWO, 2)], [ONE, TWO]),
        ],
    )
    def test_objects(self, labels, disputed):
        """Objects of different classes have indexes of their own."""
        assert objects_in_dispute(indexes_by_object(labels)) == disputed


_labels = st.lists(
    st.builds(
        named,
        st.sampled_from([None, ONE, TWO, object_id(3)]),
        st.sampled_from([None, 0, 1, 2]),
        st.sampled_from(["cat", "dog"]),
    ),
    max_size=30,
)


@given(_labels, st.randoms())
def test_the_grouping(labels, random):
    """Labels of a class and an index, or an instance, are together, in any order."""
    indexes = index_by_object(labels)
    keys = [track_key(each, indexes) for each in labels]
    shuffled = random.sample(labels, len(labels))
    assert index_by_object(shuffled) == indexes
    groups = defaultdict(set)
    for label, key in zip(labels, keys, strict=True):
        instance = instance_id(label)
        assert (key is None) == (label.index is None and instance is None)
        if label.index is not None:
            assert key == label.index  # as it was without instances
        elif instance is not None:
            groups[label.label, instance].add(key)
            own = {
                each.index
                for each in labels
                if each.label == label.label
                and each.index is not None
                and instance_id(each) == instance
            }
            assert key in own if own else key == instance
    # labels of one object without an index are never apart
    assert all(len(found) == 1 for found in groups.values())
