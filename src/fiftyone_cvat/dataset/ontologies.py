"""What several datasets share of their label schemas: ontologies and taxonomies.

An ontology adds attributes to the label schema of a field, and may name a taxonomy of
classes; attributes that are chosen may have a taxonomy, too. FiftyOne has them since
1.16, and looks them up where the App reads a label schema.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import fiftyone.core.annotation as foan

__all__ = ["with_shared"]

logger = logging.getLogger(__name__)

CONDITION = "when"
"""On what in the App it depends whether an attribute is shown."""


def with_shared(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a label schema with what its ontology and its taxonomies say.

    Args:
        schema: the label schema of a field, as it is stored

    Returns:
        the same, with ``classes`` and ``values`` of taxonomies as lists. CVAT knows no
        conditions: of an attribute that is asked for in several ways, all values can be
        chosen, or it is typed, if they do not go together
    """
    hydrate = getattr(foan, "hydrate_applied_ontology", dict)
    found = _with_values(hydrate(dict(schema)))
    taxonomy = found.pop("applied_taxonomy", None)
    if taxonomy is not None and not found.get("classes"):
        found["classes"] = _names_in(taxonomy)
    if found.get("attributes") is not None:
        ways: dict[str, list[dict[str, Any]]] = {}
        for each in found["attributes"]:
            ways.setdefault(each["name"], []).append(_with_values(each))
        found["attributes"] = [_joined(each) for each in ways.values()]
    return found


def _with_values(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with the values of a taxonomy, and without a condition."""
    found = {name: each for name, each in settings.items() if name != CONDITION}
    taxonomy = found.pop("taxonomy", None)
    if taxonomy is not None:
        found["values"] = _names_in(taxonomy)
    return found


def _joined(ways: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return one attribute for all the ways in which its value is asked for."""
    first = ways[0]
    if all(each == first for each in ways):
        return first
    # a default of one way is none of the others
    joined = {name: each for name, each in first.items() if name != "default"}
    kinds = {(each.get("type"), each.get("component")) for each in ways}
    if len({kind for kind, _ in kinds}) > 1:
        return {**joined, "type": "str", "component": "text"}
    if len(kinds) > 1 or not all(each.get("values") for each in ways):
        return {**joined, "component": "text"}
    values = (value for each in ways for value in each["values"])
    return {**joined, "values": [*dict.fromkeys(values)]}


def _names_in(taxonomy: str) -> list[str]:
    """Return what can be chosen in a taxonomy, nothing if there is none any more."""
    from fiftyone.core.ontology import load_ontology

    try:
        root = load_ontology(taxonomy).root
    except ValueError:
        logger.warning("FiftyOne has no taxonomy '%s' any more", taxonomy)
        return []
    return [*_names_below(root)]


def _names_below(node: Any) -> Iterator[str]:
    for each in node.values or ():
        if each.can_select and not each.deprecated:
            yield each.name
        yield from _names_below(each)
