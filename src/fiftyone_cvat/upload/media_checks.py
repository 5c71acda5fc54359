"""The media of a run before it signs in: all are looked at, the first one is named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fiftyone.core.fields as fof
import fiftyone.core.media as fom

from fiftyone_cvat.convert.shared.texts import shorten
from fiftyone_cvat.errors import ConfigurationError, MediaError
from fiftyone_cvat.runs.keywords import meant_by
from fiftyone_cvat.server.media_faults import check_no_text
from fiftyone_cvat.server.media_files import is_video, name_media

__all__ = ["check_media", "check_media_field"]

_HOLDERS = (fof.EmbeddedDocumentField, fof.DictField)
"""Fields whose attributes need not be declared."""


def check_media(samples: Any, media_field: str) -> None:
    """Refuse media that cannot go to CVAT.

    Args:
        samples: the collection to annotate
        media_field: the field with the paths of its media

    Raises:
        ConfigurationError: if it names videos where the samples are images
        MediaError: if a file is missing or of no kind that CVAT takes; it names the
            first one with its sample, and tells how many more there are
    """
    ids, paths = samples.values(["id", media_field])
    videos = [each for each in paths if each and is_video(each)]
    if samples.media_type == fom.IMAGE and videos:
        raise ConfigurationError(
            f"Field '{media_field}' of {len(videos)} samples that are "
            f"images names a video, such as '{videos[0]}': CVAT takes frames of "
            "videos as files of their own, so use `to_frames(sample_frames=True)`"
        )
    faults = {at: fault for at, path in enumerate(paths) if (fault := _fault(path))}
    missing = [at for at in faults if not _is_there(paths[at])]
    if not faults:
        return
    first, *others = missing or faults
    more = ""
    if others:
        verb = "are" if len(others) > 1 else "is"
        what = f"{verb} missing" if missing else "cannot go to CVAT"
        more = f", and {len(others)} more {what}"
    raise MediaError(
        f"{faults[first]} (sample {ids[first]}, field '{media_field}'){more}. Nothing "
        "was sent: correct the paths or `media_field`, or leave these samples out"
    )


def check_media_field(samples: Any, media_field: Any) -> None:
    """Refuse a field that holds no paths.

    Args:
        samples: the collection to annotate
        media_field: the field with the paths of its media

    Raises:
        ConfigurationError: if it is none
    """
    if not isinstance(media_field, str) or not media_field:
        raise ConfigurationError(
            f"`media_field` must be the name of a field, not {media_field!r:.80}"
        )
    field = samples.get_field(media_field)
    kinds = set() if field is not None else _undeclared(samples, media_field)
    if kinds == {"str"}:
        return
    if field is None and not kinds:
        meant = meant_by(media_field, samples.get_field_schema(fof.StringField))
        raise ConfigurationError(
            f"`media_field` is '{shorten(media_field)}', and the samples have no field "
            f"of that name{meant}"
        )
    if not isinstance(field, fof.StringField):
        declared = getattr(field, "document_type", type(field)).__name__
        what = " and ".join(sorted(kinds)) or declared
        raise ConfigurationError(
            f"`media_field` is '{media_field}', which is a field of {what}; it must "
            "hold the paths of media files, as 'filepath' does"
        )


def _undeclared(samples: Any, path: str) -> set[str]:
    """Return the types of the values of an attribute that is not declared.

    Documents and dicts may have such attributes. FiftyOne knows only their values.
    """
    first, *parts = path.split(".")
    if not parts or not all(parts):
        return set()
    if not isinstance(samples.get_field(first), _HOLDERS):
        return set()
    return {type(each).__name__ for each in samples.values(path) if each is not None}


def _is_there(path: str | None) -> bool:
    return bool(path) and Path(str(path)).is_file()


def _fault(path: str | None) -> str:
    """Return what is wrong with a media file; nothing if it can go to CVAT."""
    paths: Sequence[Any] = [path or None]
    try:
        name_media(paths)
        check_no_text(Path(str(path)))
    except MediaError as error:
        return str(error)
    return ""
