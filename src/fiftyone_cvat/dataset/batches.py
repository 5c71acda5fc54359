"""Ids in batches that one query of the database can hold: it takes 16 MB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from bson import ObjectId

__all__ = ["IDS", "in_batches"]

IDS = 100_000
"""Ids in a query, of about 20 bytes each; a query may have them twice."""


def in_batches(ids: Iterable[str | ObjectId]) -> Iterator[list[ObjectId]]:
    """Yield ids, as the database has them, in batches for one query each.

    Args:
        ids: any number of ids
    """
    left = iter(ids)
    while batch := [ObjectId(each) for each in islice(left, IDS)]:
        yield batch
