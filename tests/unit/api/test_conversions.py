"""Functions published as methods, and the conversion of whole fields."""

from __future__ import annotations

import inspect
import logging
from unittest import mock

import fiftyone as fo
import pytest

from fiftyone_cvat.api.conversions import Conversions, as_method
from fiftyone_cvat.api.field_members import FieldMembers
from fiftyone_cvat.convert.to_cvat.schema import build_cvat_schema
from fiftyone_cvat.errors import GeometryError
from tests.builders import detection, object_id


def double(number: int, *, plus: int = 0) -> int:
    """Return twice a number."""
    return 2 * number + plus


class Owner:
    """A class that publishes a function."""

    double = as_method(double)


class TestAsMethod:
    def test_is_called_in_all_ways(self):
        assert Owner().double(2, plus=1) == 5
        assert Owner.double(None, 2) == 4
        assert Owner.double(Owner(), number=2) == 4
        assert Owner.__new__(Owner).double(3) == 6

    def test_shows_the_function(self):
        assert Owner.double.__doc__ == double.__doc__
        assert Owner.double.__name__ == "double"
        assert inspect.unwrap(Owner.double) is double
        assert list(inspect.signature(Owner.double).parameters) == [
            "self",
            "number",
            "plus",
        ]
        assert list(inspect.signature(Owner().double).parameters) == ["number", "plus"]

    def test_wrong_arguments_are_refused(self):
        with pytest.raises(TypeError):
            Owner().double()
        with pytest.raises(TypeError):
            Owner().double(1, 2)

    def test_may_be_overridden_and_patched(self):
        class Child(Owner):
            def double(self, number, *, plus=0):
                return super().double(number) + 100

        assert Child().double(1) == 102
        with mock.patch.object(Owner, "double", autospec=True, return_value=7):
            assert Owner().double(1) == 7

    def test_argument_may_be_called_self(self):
        assert as_method(lambda **more: more)(None, self=1) == {"self": 1}


def test_every_public_name_of_conversion_is_documented():
    for name, member in vars(Conversions).items():
        if not name.startswith("__"):
            assert inspect.getdoc(member), name


class TestFields:
    @pytest.fixture
    def samples(self, dataset):
        dataset.add_samples(
            fo.Sample(
                f"/images/{number}.png",
                metadata=fo.ImageMetadata(width=100, height=50),
                a=fo.Detections(detections=[detection("cat", number=number)]),
                b=fo.Detections(
                    detections=[
                        detection("dog", number=10 + number),
                        detection("cat", number=20 + number),
                    ]
                ),
            )
            for number in (1, 2)
        )
        return dataset

    def convert(self, samples, label_field, **fields):
        schema, *_ = build_cvat_schema(fields)
        info = fields[label_field]
        return FieldMembers()._create_shapes_tags_tracks(
            samples, label_field, info, schema, None, None, None
        )

    def info(self, *classes):
        return {"type": "detections", "classes": list(classes), "existing_field": True}

    def test_labels_of_a_field(self, samples):
        first, second = samples.values("id")
        id_map, shapes = self.convert(samples, "b", b=self.info("cat", "dog"))
        assert id_map == {
            first: [object_id(11), object_id(21)],
            second: [object_id(12), object_id(22)],
        }
        assert [(each["label_id"], each["frame"]) for each in shapes] == [
            ("dog", 0),
            ("cat", 0),
            ("dog", 1),
            ("cat", 1),
        ]

    def test_labels_of_a_class_that_only_another_field_has_stay(self, samples):
        first, second = samples.values("id")
        id_map, shapes = self.convert(
            samples, "b", a=self.info("cat"), b=self.info("dog")
        )
        assert id_map == {first: [object_id(11)], second: [object_id(12)]}
        assert [each["label_id"] for each in shapes] == ["dog", "dog"]

    def test_error_names_field_and_sample(self, samples):
        sample = samples.first()
        sample.a.detections[0].bounding_box = [0, 0, float("nan"), 1]
        sample.save()
        with pytest.raises(GeometryError, match=f"'a' of sample {sample.id}.*finite"):
            self.convert(samples, "a", a=self.info("cat"))

    def test_empty_fields(self, dataset, caplog):
        caplog.set_level(logging.WARNING)
        dataset.add_samples(
            [
                fo.Sample(f"/{i}.png", metadata=fo.ImageMetadata(width=9, height=9))
                for i in range(3)
            ]
        )
        dataset.add_sample_field(
            "a", fo.EmbeddedDocumentField, embedded_doc_type=fo.Detections
        )
        sample = dataset.first()
        sample["a"] = fo.Detections()
        sample.save()
        id_map, shapes = self.convert(dataset, "a", a=self.info("cat"))
        assert shapes == []
        assert not any(id_map.values())
