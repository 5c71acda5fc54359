"""The attribute ``label_id``, whatever somebody calls it on the server by now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from fiftyone_cvat.convert.shared.texts import LABEL_ID
from fiftyone_cvat.types import Json

__all__ = ["with_label_id"]


def with_label_id(
    labels: list[Json],
    annotations: Json,
    server_id_map: Mapping[str, Mapping[int, str]],
) -> list[Json]:
    """Return labels on which a renamed ``label_id`` has its own name again.

    It is the text attribute that holds what an annotation was sent with.

    Args:
        labels: a task's labels as the server describes them
        annotations: the task's ``tags``, ``shapes`` and ``tracks``
        server_id_map: ``tags``, ``shapes`` and ``tracks``, each from the server's id of
            an annotation to the text of its ``label_id``
    """
    lacking = {
        label["id"]
        for label in labels
        if all(each["name"] != LABEL_ID for each in label["attributes"])
        and any(each["input_type"] == "text" for each in label["attributes"])
    }
    if not lacking:
        return labels
    found: dict[int, set[int]] = defaultdict(set)
    for kind in ("tags", "shapes", "tracks"):
        texts = server_id_map.get(kind, {})
        for each in _dicts(annotations[kind]):
            number, label_id = each.get("id"), each.get("label_id")
            if not (isinstance(number, int) and isinstance(label_id, int)):
                continue
            if label_id in lacking and number in texts:
                found[label_id].update(_specs_with(each, texts[number]))
    return [
        label | {"attributes": _renamed(label["attributes"], found[label["id"]])}
        if label["id"] in found
        else label
        for label in labels
    ]


def _specs_with(annotation: Json, text: str) -> Iterable[int]:
    """Yield the ids of attributes that hold a text."""
    for part in (annotation, *_dicts(annotation.get("shapes"))):
        for each in _dicts(part.get("attributes")):
            if each.get("value") == text and isinstance(each.get("spec_id"), int):
                yield each["spec_id"]


def _renamed(specs: list[Json], found: Collection[int]) -> list[Json]:
    """Return attributes of which the one that holds ids is called ``label_id``."""
    own = [
        each["id"]
        for each in specs
        if each["id"] in found and each["input_type"] == "text"
    ]
    return [
        each | {"name": LABEL_ID} if each["id"] in own[:1] else each for each in specs
    ]


def _dicts(value: object) -> Iterable[Json]:
    """Yield the objects of a list, if it is one."""
    if isinstance(value, list):
        yield from (each for each in value if isinstance(each, dict))
