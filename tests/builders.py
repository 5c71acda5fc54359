"""Makers of labels, schemas and annotations, with a default for every argument.

Frames are 100 x 50 pixels unless a test says otherwise, so that a mistaken axis shows.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import count

import fiftyone.core.labels as fol
import numpy as np

from fiftyone_cvat.convert.from_cvat.field_context import FieldContext
from fiftyone_cvat.convert.shared.server_ids import class_and_attribute_ids, remap_ids
from fiftyone_cvat.types import ClassSchema, Size

SIZE = Size(100, 50)
NODES = (101, 102, 103)


def object_id(number=1):
    """Return an id of FiftyOne that ends in a number."""
    return f"{number:024x}"


def identity(number=1, part=1):
    """Return the attribute that says which label an annotation is."""
    text = object_id(number) + ("" if part == 1 else f".{part}")
    return {"spec_id": "label_id", "value": text}


def _made(label, number, attributes):
    for name, value in attributes.items():
        label[name] = value
    label.id = object_id(number)
    return label


def classification(label="cat", number=1, **attributes):
    return _made(fol.Classification(label=label), number, attributes)


def detection(
    label="cat", box=(0.25, 0.25, 0.5, 0.5), mask=None, index=None, number=1, **more
):
    box = None if box is None else list(box)
    made = fol.Detection(label=label, bounding_box=box, mask=mask, index=index)
    return _made(made, number, more)


def polyline(
    label="cat",
    points=(((0.0, 0.0), (0.5, 0.0), (0.5, 0.5)),),
    closed=True,
    filled=True,
    index=None,
    number=1,
    **more,
):
    points = [[list(point) for point in part] for part in points]
    made = fol.Polyline(
        label=label, points=points, closed=closed, filled=filled, index=index
    )
    return _made(made, number, more)


def keypoint(
    label="cat", points=((0.5, 0.5), (0.1, 0.2)), index=None, number=1, **more
):
    made = fol.Keypoint(
        label=label, points=[list(point) for point in points], index=index
    )
    return _made(made, number, more)


def segmentation(mask=((0, 1), (2, 0)), number=1):
    mask = None if mask is None else np.array(mask, dtype=np.uint8)
    return _made(fol.Segmentation(mask=mask), number, {})


def spec(name="color", input_type="text", mutable=True, values=(), **more):
    """Return an attribute of a CVAT label, as the server takes it."""
    return {
        "name": name,
        "input_type": input_type,
        "mutable": mutable,
        "values": list(values),
        **more,
    }


def cvat_schema(*names, attributes=(), skeleton=None):
    """Return a schema of some classes, all with the same attributes."""
    specs = {each["name"]: each for each in [*attributes, spec("label_id")]}
    schema = {name: ClassSchema(deepcopy(specs)) for name in names or ("cat",)}
    for each in schema.values():
        each.skeleton = skeleton
    return schema


def cvat_tag(label_id="cat", frame=0, attributes=None, group=0, **more):
    return {
        "label_id": label_id,
        "group": group,
        "frame": frame,
        "source": "manual",
        "attributes": [identity()] if attributes is None else attributes,
        **more,
    }


def cvat_shape(
    type="rectangle",  # noqa: A002  the server's name
    points=(25.0, 12.5, 75.0, 37.5),
    label_id="cat",
    frame=0,
    attributes=None,
    **more,
):
    """Return a shape as it goes up, or, with ids for names, as it comes down."""
    return {
        "type": type,
        "label_id": label_id,
        "frame": frame,
        "points": list(points),
        "rotation": 0.0,
        "occluded": False,
        "z_order": 0,
        "group": 0,
        "source": "manual",
        "attributes": [identity()] if attributes is None else attributes,
        "elements": [],
        **more,
    }


def track_shape(frame=0, keyframe=False, outside=False, **more):
    """Return a shape of a track, which has no class of its own."""
    shape = cvat_shape(frame=frame, keyframe=keyframe, outside=outside, **more)
    del shape["label_id"]
    return shape


def cvat_track(*shapes, label_id="cat", frame=0, attributes=(), group=0, **more):
    return {
        "label_id": label_id,
        "frame": frame,
        "group": group,
        "source": "manual",
        "attributes": list(attributes),
        "shapes": list(shapes),
        **more,
    }


def server_labels(schema=None):
    """Return a schema as the server describes it, with ids from 1 on."""
    ids = count(1)
    return [
        {
            "id": next(ids),
            "name": name,
            "type": "any" if specs.skeleton is None else "skeleton",
            "attributes": [{**each, "id": next(ids)} for each in specs.values()],
            "sublabels": [
                {"id": next(ids), "name": node}
                for node in (specs.skeleton.nodes if specs.skeleton else ())
            ],
            "svg": "",
        }
        for name, specs in (schema or cvat_schema()).items()
    ]


def stored(annotations, labels):
    """Return shapes or tags as the server sends what it was sent."""
    class_ids, attribute_ids = class_and_attribute_ids(labels)
    copies = remap_ids(deepcopy(annotations), class_ids, attribute_ids)
    return [{**each, "id": number} for number, each in enumerate(copies, 1)]


def context(label_type="detections", labels=None, **more):
    """Return what is known of a field whose classes are all labels."""
    labels = server_labels() if labels is None else labels
    _, attribute_ids = class_and_attribute_ids(labels)
    defaults = {
        "class_by_label_id": {each["id"]: each["name"] for each in labels},
        "spec_ids": attribute_ids,
        "size_of_frame": lambda frame: SIZE,
        "nodes_by_label_id": {
            each["id"]: [node["id"] for node in each["sublabels"]] for each in labels
        },
        "input_types": {
            label["id"]: {
                each["id"]: each["input_type"] for each in label["attributes"]
            }
            for label in labels
        },
    }
    return FieldContext(label_type=label_type, **(defaults | more))
