"""The form of a label schema: what is given as something else is refused, or told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from numbers import Real
from typing import Any

from fiftyone_cvat.convert.shared.texts import shorten
from fiftyone_cvat.errors import SchemaError

__all__ = [
    "ATTRIBUTE_KEYS",
    "CLASSES_KEYS",
    "FIELD_KEYS",
    "check_field_form",
    "check_form",
    "unknown_keys",
]

FIELD_KEYS = (
    *("type", "classes", "attributes", "mask_targets"),
    *("allow_additions", "allow_deletions", "allow_label_edits"),
    *("allow_index_edits", "allow_spatial_edits"),
    # what FiftyOne and this package add, which stored schemas have
    *("existing_field", "only_keyframes", "skeleton"),
)
"""What a label schema may say of a field."""

CLASSES_KEYS = ("classes", "attributes")
"""What a dict among the classes of a field has."""

ATTRIBUTE_KEYS = (
    *("type", "values", "default", "mutable", "read_only"),
    "sent",  # ours
)
"""What a label schema may say of an attribute."""


def check_form(label_schema: Any, *, with_numbers: bool = False) -> None:
    """Refuse a label schema that is of another form.

    Args:
        label_schema: a dict of field name, or None for what a project has, to a dict
            of what is said of the field
        with_numbers: whether classes may be numbers, which FiftyOne cannot load again

    Raises:
        SchemaError: if it is none; the message names field and key
    """
    if not isinstance(label_schema, Mapping):
        raise SchemaError(
            "`label_schema` must be a dict of fields, as {'ground_truth': {'type': "
            f"'detections', 'classes': ['cat']}}}}, or a list of them, not "
            f"{label_schema!r:.80}"
        )
    for name, info in label_schema.items():
        if name is not None and (not isinstance(name, str) or not name.strip()):
            raise SchemaError(
                f"`label_schema` names fields, and {name!r:.80} is no name of one"
            )
        where = f"Field '{shorten(str(name))}'"
        if not isinstance(info, Mapping):
            raise SchemaError(
                f"{where}: `label_schema` must say in a dict what the field is, as "
                f"{{'type': 'detections'}}, and says {info!r:.80}; {{}} is a field "
                "that is there, as it is"
            )
        check_field_form(where, info, with_numbers=with_numbers)


def check_field_form(
    where: str, info: Mapping[str, Any], *, with_numbers: bool = False
) -> None:
    """Refuse what is said of a field if it is of another form.

    Args:
        where: which field it is, for the message
        info: its ``type``, ``classes``, ``attributes`` and ``mask_targets``, if given
        with_numbers: whether its classes may be numbers; those of scalars always may

    Raises:
        SchemaError: if one is none
    """
    label_type = info.get("type")
    if not isinstance(label_type, str | None):
        raise SchemaError(f"{where}: `type` must be a text, not {label_type!r:.80}")
    with_numbers = with_numbers or label_type == "scalar"
    _check_classes(where, info.get("classes"), with_numbers=with_numbers)
    _check_attributes(where, info.get("attributes"))
    _check_targets(where, info.get("mask_targets"))
    for key in info:
        if str(key).startswith("allow_"):
            _check_truth(where, key, info[key])


def _check_truth(where: str, key: str, value: Any) -> None:
    # any text would be true, "false", too
    if not isinstance(value, int | None):
        raise SchemaError(f"{where}: `{key}` must be True or False, not {value!r:.80}")


def _check_classes(where: str, classes: Any, *, with_numbers: bool = False) -> None:
    """Refuse classes that are no list of names, or of dicts of those.

    Those of scalars are their values, which may be numbers.
    """
    if classes is None:
        return
    if isinstance(classes, str):
        raise SchemaError(
            f"{where}: `classes` is the text {classes!r:.80}, whose characters would "
            f"be the classes: give a list, as [{classes!r:.80}]"
        )
    if not isinstance(classes, Collection) or isinstance(classes, Mapping | bytes):
        raise SchemaError(
            f"{where}: `classes` must be a list of names, not {classes!r:.80}"
        )
    for each in classes:
        if isinstance(each, Mapping):
            _check_some_classes(where, each)
        elif not _is_class(each, with_numbers=with_numbers):
            raise SchemaError(
                f"{where}: `classes` has {each!r:.80}, which is no name of a class: "
                "classes are texts, such as 'cat'"
            )


def _check_some_classes(where: str, some: Mapping[Any, Any]) -> None:
    """Refuse a dict among classes that does not say which they are, and what of them.

    FiftyOne takes one text for one class there.
    """
    missing = [key for key in CLASSES_KEYS if key not in some]
    if missing:
        raise SchemaError(
            f"{where}: a dict among `classes` has `classes` and `attributes`, and "
            f"`{missing[0]}` is missing in {some!r:.200}"
        )
    names = some["classes"]
    if not isinstance(names, str):
        _check_classes(where, names)
        if names is None or any(isinstance(each, Mapping) for each in names):
            raise SchemaError(
                f"{where}: a dict among `classes` names the classes that it is about, "
                f"not {names!r:.80}"
            )
    _check_attributes(where, some["attributes"])


def _is_class(value: Any, *, with_numbers: bool) -> bool:
    return isinstance(value, str) or (with_numbers and isinstance(value, Real))


def _check_attributes(where: str, attributes: Any) -> None:
    """Refuse attributes that are no names, and no dict of what is said of each."""
    if attributes is None or isinstance(attributes, bool | str):
        return
    is_named = isinstance(attributes, Mapping)
    if not is_named and not isinstance(attributes, list):
        raise SchemaError(
            f"{where}: `attributes` must be True, False, a name, a list of names, or a "
            "dict of names, as {'color': {'type': 'text'}}, not "
            f"{attributes!r:.80}"
        )
    for name in attributes:
        if not isinstance(name, str):
            raise SchemaError(
                f"{where}: `attributes` has {name!r:.80}, which is no name of one"
            )
    for name, info in attributes.items() if is_named else ():
        what = f"{where}, attribute '{shorten(name)}'"
        if info is not None and not isinstance(info, Mapping):
            raise SchemaError(
                f"{what}: a dict says what it is, as {{'type': 'text'}}, not "
                f"{info!r:.80}"
            )
        for key in ("mutable", "read_only"):
            _check_truth(what, key, (info or {}).get(key))
        values = (info or {}).get("values")
        is_list = isinstance(values, Collection) and not isinstance(
            values, str | bytes | Mapping
        )
        if values is not None and not is_list:
            raise SchemaError(
                f"{what}: `values` must be a list of those to choose from, not "
                f"{values!r:.80}"
            )
        some = () if values is None else values  # an array is neither true nor false
        wrong = [each for each in some if not isinstance(each, str | Real)]
        if wrong:
            raise SchemaError(
                f"{what}: `values` has {wrong[0]!r:.80}, which is no text and no number"
            )


def _check_targets(where: str, mask_targets: Any) -> None:
    """Refuse targets of masks that are no dict of values to classes."""
    if mask_targets is None:
        return
    if not isinstance(mask_targets, Mapping):
        raise SchemaError(
            f"{where}: `mask_targets` must be a dict of pixel values to classes, as "
            f"{{1: 'road'}}, not {mask_targets!r:.80}"
        )
    for value, name in mask_targets.items():
        if not isinstance(name, str):
            raise SchemaError(
                f"{where}: `mask_targets` has {name!r:.80} for {value!r:.80}, which is "
                "no name of a class: classes are texts"
            )


def unknown_keys(
    where: str, info: Mapping[str, Any], meant_by: Callable[..., str]
) -> Iterator[str]:
    """Yield what nothing reads in what is said of a field.

    Args:
        where: whose it is, for the words
        info: the field's part of a label schema, which has the form of one
        meant_by: returns the end of a sentence of a name and those that are known
    """
    yield from _unknown(where, info, FIELD_KEYS, meant_by)
    attributes = [info.get("attributes")]
    classes = info.get("classes")
    for each in () if classes is None else classes:
        if isinstance(each, Mapping):
            yield from _unknown(where, each, CLASSES_KEYS, meant_by)
            attributes.append(each.get("attributes"))
    for some in attributes:
        for key, about in some.items() if isinstance(some, Mapping) else ():
            what = f"{where}, attribute '{shorten(str(key))}'"
            yield from _unknown(what, about or {}, ATTRIBUTE_KEYS, meant_by)


def _unknown(
    where: str,
    given: Mapping[Any, Any],
    known: Collection[str],
    meant_by: Callable[..., str],
) -> Iterator[str]:
    for key in given:
        if key not in known:
            meant = meant_by(str(key), known)
            yield f"{where}: the label schema knows no `{shorten(str(key))}`{meant}"
