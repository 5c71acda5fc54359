"""What is known about a field of a run when its annotations are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fiftyone_cvat.convert.shared.server_ids import AttributeIds
from fiftyone_cvat.types import Size

__all__ = ["FieldContext"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldContext:
    """What is known about one field of a run when its annotations are read.

    Attributes:
        label_type: the field's type, or None if any kind of label is taken
        class_by_label_id: CVAT's label ids to FiftyOne's class names
        spec_ids: CVAT's label ids to its attributes' ids by name
        input_types: CVAT's label ids to its attributes' input types by id
        choices: ids of attributes to the texts that may be chosen
        value_types: attribute name to the type of its values in the dataset
        size_of_frame: gives a frame's size in pixels
        scalar_in_attribute: whether scalars are values of a tag's attribute
        scalar_attribute: the name of that attribute, or None for the only one
        occluded_attrs: class name to the attribute that holds occlusion
        group_id_attrs: class name to the attribute that holds the group id
        keep_text: whether text stays text where the dataset does not say
        nodes_by_label_id: a skeleton's label id to the label ids of its nodes
        is_point_cloud: whether a cuboid lies in 3D rather than on an image
    """

    label_type: str | None
    class_by_label_id: Mapping[int, str]
    spec_ids: AttributeIds
    size_of_frame: Callable[[int], Size]
    input_types: Mapping[int, Mapping[int, str]] = field(default_factory=dict)
    choices: Mapping[int, Sequence[str]] = field(default_factory=dict)
    value_types: Mapping[str, type] = field(default_factory=dict)
    scalar_in_attribute: bool = False
    scalar_attribute: str | None = None
    occluded_attrs: Mapping[str, str] = field(default_factory=dict)
    group_id_attrs: Mapping[str, str] = field(default_factory=dict)
    keep_text: bool = False
    nodes_by_label_id: Mapping[int, Sequence[int]] = field(default_factory=dict)
    is_point_cloud: bool = False
