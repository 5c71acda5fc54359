"""What a user says of fields and classes, before FiftyOne makes a label schema of it.

FiftyOne takes a text for a list of its characters, and trips over what is no dict. It
makes one label schema of what is given and what it finds on labels: of that nobody can
tell whether classes were named or just found. No method of a backend is given what the
user wrote, so the function that FiftyOne calls with it is wrapped. Arrays,
generators and the like are lists for it.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import fiftyone.utils.annotations as foua

from fiftyone_cvat.convert.shared.texts import shorten
from fiftyone_cvat.convert.to_cvat.schema_form import (
    check_field_form,
    check_form,
    unknown_keys,
)
from fiftyone_cvat.errors import SchemaError
from fiftyone_cvat.runs.keywords import meant_by, tell_unknown_keywords
from fiftyone_cvat.runs.plain_values import to_plain

__all__ = ["GivenSchema", "check_given", "heed_given_schema"]

logger = logging.getLogger(__name__)

RUN = "This run"


@dataclass(frozen=True, slots=True)
class GivenSchema:
    """The arguments of a call of ``annotate`` that say what is annotated.

    Attributes:
        label_schema: fields, maybe with their parts of a label schema, or None
        classes: classes of all fields that do not name their own
        attributes: attributes, likewise; True for those that labels have
    """

    label_schema: Any
    classes: Any
    attributes: Any

    def gives_classes(self, label_field: Any) -> bool:
        """Tell whether classes are given for a field."""
        return bool(self._of_field(label_field).get("classes", self.classes))

    def gives_attributes(self, label_field: Any) -> bool:
        """Tell whether attributes are given for a field, or that there are none."""
        return (
            self._of_field(label_field).get("attributes", self.attributes) is not True
        )

    def _of_field(self, label_field: Any) -> Mapping[str, Any]:
        if not isinstance(self.label_schema, Mapping):
            return {}
        found: Mapping[str, Any] = self.label_schema.get(label_field) or {}
        return found


def heed_given_schema(backend_class: type[Any]) -> None:
    """Let FiftyOne's ``annotate`` refuse a label schema that is none, and note it.

    What is given is noted as ``given_schema`` of the run's configuration.

    Args:
        backend_class: the class of the backend; others are left alone
    """
    original: Any = foua._build_label_schema
    signature = inspect.signature(original)

    @functools.wraps(original)
    def build_label_schema(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs).arguments
        backend: Any = given["backend"]
        if not isinstance(backend, backend_class):
            return original(*args, **kwargs)
        # a generator can be read only once, and an array is neither true nor false
        given |= {key: to_plain(given[key]) for key in given if _is_of_schema(key)}
        check_given(given)
        tell_unknown_keywords(backend.config)
        backend.config.given_schema = GivenSchema(
            given["label_schema"], given["classes"], given["attributes"]
        )
        label_schema, samples = original(**given)
        check_form(label_schema)  # only now each field's type is known
        return label_schema, samples

    foua._build_label_schema = build_label_schema


def check_given(given: Mapping[str, Any]) -> None:
    """Refuse what ``annotate`` is given of fields and classes, if it is no such thing.

    Args:
        given: the arguments of ``annotate``: ``label_schema``, ``label_field``,
            ``label_type``, ``classes``, ``attributes``, ``mask_targets``

    Raises:
        SchemaError: if one is none; the message names it
    """
    schema, label_field = given.get("label_schema"), given.get("label_field")
    common = {
        key: given[key] for key in given if _is_of_schema(key) and key != "label_schema"
    }
    label_type = given.get("label_type")
    if not isinstance(label_type, str | None):
        raise SchemaError(f"`label_type` must be a text, not {label_type!r:.80}")
    # classes of scalars may be numbers, and FiftyOne finds out which fields are scalars
    check_field_form(RUN, common | {"type": label_type}, with_numbers=not label_type)
    if schema is not None:
        schema = _of_names(schema) if isinstance(schema, list) else schema
        check_form(schema, with_numbers=True)
        if not schema:
            raise SchemaError("`label_schema` is empty: name the fields to annotate")
    elif label_field is not None and (
        not isinstance(label_field, str) or not label_field.strip()
    ):
        raise SchemaError(
            f"`label_field` must be the name of one field, not {label_field!r:.80}; "
            "several go into `label_schema`"
        )
    about = {
        f"Field '{shorten(str(each))}'": info for each, info in (schema or {}).items()
    }
    for where, info in {RUN: common, **about}.items():
        for words in unknown_keys(where, info, meant_by):
            logger.warning("%s (it is ignored)", words)


def _is_of_schema(key: str) -> bool:
    """Tell whether an argument of ``annotate`` says what fields and classes are."""
    names = ("label_schema", "classes", "attributes", "mask_targets")
    return key in names or key.startswith("allow_")


def _of_names(names: list[Any]) -> dict[str, dict[str, Any]]:
    """Return a list of fields as a label schema."""
    wrong = [each for each in names if not isinstance(each, str)]
    if wrong:
        raise SchemaError(
            f"`label_schema` names fields, and {wrong[0]!r:.80} is no name of one"
        )
    return {name: {} for name in names}
