"""What labels of a field are, in short: to tell later which of them have changed."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from typing import Any

import bson

__all__ = ["DigestsBySample", "label_digests"]

DigestsBySample = dict[str, dict[str, bytes]]
"""The id of a sample to those of its labels, each with a digest of its values."""


def label_digests(
    dataset: Any, label_field: str, sample_ids: Collection[str]
) -> DigestsBySample:
    """Return digests of the labels of a field, as the database holds them.

    Labels of frames count as those of their video. A value that is no label has the id
    of its sample or frame.

    Args:
        dataset: the dataset
        label_field: the field; one of frames begins with ``frames.``
        sample_ids: the samples
    """
    is_of_frames = dataset._is_frame_field(label_field)
    path = label_field.removeprefix(dataset._FRAMES_PREFIX)
    key = "_sample_id" if is_of_frames else "_id"
    documents = (
        dataset._frame_collection if is_of_frames else dataset._sample_collection
    )
    wanted = [bson.ObjectId(each) for each in sample_ids]
    digests: DigestsBySample = {}
    for found in documents.find({key: {"$in": wanted}}, {path: 1, key: 1}):
        value = found
        for name in path.split("."):
            value = (value or {}).get(name)
        of_sample = digests.setdefault(str(found[key]), {})
        of_sample.update(_digests(str(found["_id"]), value))
    return digests


def _digests(owner_id: str, value: Any) -> Iterator[tuple[str, bytes]]:
    """Yield id and digest of each label in a field's value."""
    for label in _labels(value):
        own_id = label.get("_id", owner_id) if isinstance(label, dict) else owner_id
        content = bson.encode({"label": label})
        yield str(own_id), hashlib.blake2b(content, digest_size=8).digest()


def _labels(value: Any) -> list[Any]:
    """Return the labels of a field's value; what is no label stands for itself."""
    if value is None:
        return []
    if not isinstance(value, dict) or "_id" in value:
        return [value]
    # a list of labels is a document without an id
    lists = [each for each in value.values() if isinstance(each, list)]
    return lists[0] if lists else []
