"""The fields that a load puts labels into: those that would lose labels are refused.

FiftyOne's merge deletes from a field what the run has loaded into it before and does
not bring again. So a field takes the labels of one field of the run, or the unexpected
ones of one type: of two merges into it, the second would delete what the first brought.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import fiftyone.core.fields as fof
import fiftyone.utils.annotations as foua

from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.stored_runs import ids_in
from fiftyone_cvat.types import RETURN_TYPES
from fiftyone_cvat.upload.field_checks import field_faults

__all__ = ["check_running_load", "check_unexpected", "holders_of_fields"]

KINDS = tuple(dict.fromkeys(RETURN_TYPES.values()))
"""The types of labels that ``unexpected`` tells the fields of."""

SCALARS = (fof.IntField, fof.FloatField, fof.StringField, fof.BooleanField)


def check_running_load(results: Any) -> None:
    """Refuse the fields that FiftyOne's running ``load_annotations`` was given.

    It gives them to no method of a backend. Nor can it be wrapped in time: the first
    load of a process is what imports this package. So they are read from the call.

    Args:
        results: the run's results

    Raises:
        ConfigurationError: as :func:`holders_of_fields` and :func:`check_unexpected`
    """
    code = inspect.unwrap(foua.load_annotations).__code__
    frame = inspect.currentframe()
    while frame is not None and frame.f_code is not code:
        frame = frame.f_back
    if frame is None:  # somebody calls the backend itself, and merges nothing
        return
    dest_field = frame.f_locals["dest_field"]
    if isinstance(dest_field, str) and len(results.config.label_schema) > 1:
        dest_field = None  # FiftyOne ignores it, with a warning
    holders = holders_of_fields(results, dest_field)
    check_unexpected(results, frame.f_locals["unexpected"], holders)


def holders_of_fields(results: Any, dest_field: Any) -> dict[str, str]:
    """Return the run's fields to those that FiftyOne loads them into, if others.

    Args:
        results: the run's results
        dest_field: a field, for a run of one; or a mapping

    Raises:
        ConfigurationError: if it is anything else, if labels of videos are to go to
            samples, those of images to frames, if a field cannot hold them, or if it
            is another field of the run or is to hold labels of another one, too
    """
    if dest_field is None:
        return {}
    fields = results.config.label_schema
    mapping = dest_field
    if isinstance(dest_field, str) and dest_field and len(fields) == 1:
        mapping = dict.fromkeys(fields, dest_field)
    if not isinstance(mapping, Mapping) or not all(
        isinstance(each, str) and each for each in mapping.values()
    ):
        raise ConfigurationError(
            f"`dest_field` is {dest_field!r}; it is a field for a run of one field, or "
            f"a mapping of the run's fields ({_listed(fields)}) to others"
        )
    unknown = [name for name in mapping if name not in fields]
    if unknown:
        raise ConfigurationError(
            f"`dest_field` names '{unknown[0]}', which is no field of run "
            f"'{results.key}'; it has {_listed(fields)}"
        )
    prefix = results.samples._root_dataset._FRAMES_PREFIX
    own = {_path(results, each): each for each in fields}
    field_by_path: dict[str, str] = {}
    holders: dict[str, str] = {}
    for name, holder in mapping.items():
        path = _path(results, holder)
        if path.startswith(prefix) != _path(results, name).startswith(prefix):
            raise ConfigurationError(
                f"`dest_field`: '{name}' and '{holder}' are not both fields of frames; "
                f"those of frames begin with '{prefix}'"
            )
        if own.get(path, name) != name:
            raise ConfigurationError(
                f"`dest_field`: '{holder}' is a field of run '{results.key}' itself, "
                f"and would lose its labels to those of '{name}'; name a field that "
                "is none of the run's"
            )
        if path in field_by_path:
            raise ConfigurationError(
                f"`dest_field`: '{field_by_path[path]}' and '{name}' cannot both go to "
                f"'{holder}', which would lose the labels of the one to those of the "
                "other; name a field for each"
            )
        field_by_path[path] = name
        holders[name] = path.removeprefix(prefix) if results._is_frames else holder
        if own.get(path) != name:
            _check_fits(results, "dest_field", path, fields[name], name)
            _check_earlier_loads(results, "dest_field", path, name)
    return holders


def check_unexpected(
    results: Any, unexpected: Any, holder_by_field: Mapping[str, str]
) -> None:
    """Refuse fields for labels that the run's fields do not hold.

    Args:
        results: the run's results
        unexpected: what ``load_annotations`` is given
        holder_by_field: the run's fields to those they are loaded into, if others

    Raises:
        ConfigurationError: if a mapping names no type of labels or no field that can
            hold them, or if labels of the run's fields would be lost
    """
    fields = results.config.label_schema
    own = {_path(results, each) for each in fields if each is not None}
    holders = {_path(results, each) for each in holder_by_field.values()} - own
    if not isinstance(unexpected, dict):
        _check_kept(results, unexpected, holders)
        return
    kind_by_path: dict[str, str] = {}
    for kind, holder in unexpected.items():
        if kind not in KINDS:
            raise ConfigurationError(
                f"`unexpected` names {kind!r:.80}, which is no type that labels "
                f"come back as; these are {_listed(KINDS)}"
            )
        if holder is None or holder == "":
            continue  # they are left out
        if not isinstance(holder, str):
            raise ConfigurationError(
                f"`unexpected`: {holder!r:.80}, for '{kind}', is no name of a field; "
                "name one, or None to leave these labels out"
            )
        prefix = results.samples._root_dataset._FRAMES_PREFIX
        if results._is_frames and holder.startswith(prefix):
            raise ConfigurationError(
                f"`unexpected`: the run has sent frames as samples, so '{holder}', for "
                f"'{kind}', is named '{holder.removeprefix(prefix)}'"
            )
        for path in _unexpected_paths(results, holder):
            _check_not_lost(results, holder, path, own, holders)
            other = kind_by_path.setdefault(path, kind)
            if other != kind:
                raise ConfigurationError(
                    f"`unexpected`: '{other}' and '{kind}' are of different types, and "
                    f"cannot both go to '{holder}'; name a field for each"
                )
            _check_fits(results, "unexpected", path, {"type": kind}, kind)
            _check_earlier_loads(results, "unexpected", path)


def _check_kept(results: Any, unexpected: Any, holders: Collection[str]) -> None:
    """Refuse fields that FiftyOne names like types, if labels are loaded into them."""
    kinds: Collection[str] = ()
    if unexpected == "keep":
        kinds = KINDS
    elif isinstance(unexpected, list | tuple | set | frozenset):
        kinds = [each for each in KINDS if each in unexpected]
    expected = {
        RETURN_TYPES.get(info.get("type") or "")
        for info in results.config.label_schema.values()
    }
    for kind in kinds:
        paths = () if expected == {kind} else _unexpected_paths(results, kind)
        for path in paths:
            _check_not_lost(results, kind, path, (), holders)


def _check_not_lost(
    results: Any, holder: str, path: str, own: Collection[str], holders: Collection[str]
) -> None:
    """Refuse a field for unexpected labels that has others of the run."""
    if path in own:
        raise ConfigurationError(
            f"`unexpected`: '{holder}' is a field of run '{results.key}' itself, and "
            "would lose its labels; name a field that is none of the run's"
        )
    if path in holders:
        raise ConfigurationError(
            f"`unexpected`: '{holder}' is the `dest_field` of labels of run "
            f"'{results.key}', which it would lose; name another field in one of both"
        )


def _check_fits(
    results: Any, keyword: str, path: str, info: Mapping[str, Any], what: str
) -> None:
    """Refuse a field that labels of a type cannot be loaded into."""
    for fault in field_faults(results.samples, path, info):
        raise ConfigurationError(
            f"`{keyword}`: the labels of '{what}' cannot be loaded into '{path}': "
            f"{fault}"
        )
    if path == _path(results, results.config.media_field):
        raise ConfigurationError(
            f"`{keyword}`: '{path}' has the paths of the media; name another field"
        )
    dataset = results.samples._root_dataset
    field, label_type = dataset.get_field(path), info.get("type")
    if field is None or label_type is None:
        return
    if label_type == "scalar":
        source = dataset.get_field(_path(results, what)) if what != "scalar" else None
        kinds: tuple[Any, ...] = SCALARS if source is None else (type(source),)
        if isinstance(source, fof.IntField):
            kinds = (fof.IntField, fof.FloatField)
        fits = isinstance(field, kinds)
    else:
        fits = issubclass(
            getattr(field, "document_type", None) or object,
            foua._LABEL_TYPES_MAP[label_type],
        )
    if not fits:
        held = getattr(field, "document_type", None) or type(field)
        raise ConfigurationError(
            f"`{keyword}`: '{path}' is a field of {held.__name__}, which cannot hold "
            f"what '{what}' is ({label_type}); name another, which need not exist yet"
        )


def _check_earlier_loads(
    results: Any, keyword: str, path: str, name: str | None = None
) -> None:
    """Refuse a field into which earlier loads have put other labels of the run.

    Args:
        results: the run's results
        keyword: what names the field
        path: the field
        name: the field of the run whose labels are to go there; None if unexpected
    """
    ids_by_field = {_path(results, key): ids for key, ids in results.id_map.items()}
    # a field that was cloned has labels of the same ids
    held = _ids(ids_by_field.get(path)) - _ids(results.id_map.get(name))
    others = [
        each
        for each in results.config.label_schema
        if each != name and held & _ids(results.id_map.get(each))
    ]
    whose = f"of '{others[0]}'" if others else "that `unexpected` named it for"
    was_other = name is not None and held and path in _paths_of_others(results)
    if others or was_other:
        raise ConfigurationError(
            f"`{keyword}`: earlier loads of run '{results.key}' have put labels "
            f"{whose} into '{path}', which would lose them; name another field"
        )


def _paths_of_others(results: Any) -> set[str]:
    return {_path(results, each) for each in results.other_fields}


def _ids(ids: Any) -> set[Any]:
    return {*ids_in(ids or {})} - {True, None}


def _unexpected_paths(results: Any, holder: str) -> list[str]:
    """Return the fields that FiftyOne takes a field for unexpected labels for.

    Those of labels of frames are fields of frames, whether or not they are named so.
    """
    dataset = results.samples._root_dataset
    if results._is_frames:
        return [_path(results, holder)]
    prefix = dataset._FRAMES_PREFIX
    if not dataset._has_frame_fields() or holder.startswith(prefix):
        return [holder]
    of_frames = {
        name is None or name.startswith(prefix) for name in results.config.label_schema
    }
    return [prefix + holder if each else holder for each in sorted(of_frames)]


def _path(results: Any, name: Any) -> str:
    """Return the name that a field of the run has in the dataset."""
    prefix: str = results.samples._root_dataset._FRAMES_PREFIX
    path = str(name)
    if results._is_frames and not path.startswith(prefix):
        return prefix + path
    return path


def _listed(names: Iterable[Any]) -> str:
    return ", ".join(f"'{each}'" for each in names)
