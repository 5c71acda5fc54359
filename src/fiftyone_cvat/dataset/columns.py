"""A run's labels as the database holds them, read while the server answers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import fiftyone.core.media as fom

from fiftyone_cvat.convert.shared.frames import FrameRef
from fiftyone_cvat.dataset.shown_values import RawValues, with_edits
from fiftyone_cvat.dataset.stored_labels import (
    check_field_types,
    labels_by_ref,
    labels_in,
    wrapped,
)
from fiftyone_cvat.dataset.views import (
    all_slices,
    frames_as_they_are,
    shows_other_values,
    values_of_view,
    view_of_run,
    with_points_of_view,
)
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.stored_runs import ids_in

__all__ = ["Columns", "StoredLabels"]

StoredLabels = dict[Any, dict[FrameRef, Any]]
"""Field to frame to what the field holds there, wrapped."""

KEYPOINTS = ("keypoint", "keypoints")

WITH_MASKS = ("instance", "instances", "segmentation")


class Columns:
    """Reads the fields of a run.

    Args:
        results: the run's results

    Attributes:
        samples: the collection in which the run's sample ids are found
        are_as_stored: whether the values are the dataset's, and not those that the
            run's view shows in their place
    """

    def __init__(self, results: Any) -> None:
        label_schema = results.config.label_schema
        view = view_of_run(results)
        dataset = results.samples._root_dataset
        is_of_frames = results._is_frames
        self.samples = frames_as_they_are(view) if is_of_frames else all_slices(dataset)
        self._as_shown = values_of_view(self.samples, view)
        # those whose values are the dataset's, whatever the view shows
        by_clip = results.id_map.get("_clips", {})
        self._settled_ids = {
            str(by_clip.get(each["sample_id"], each["sample_id"]))
            for task_id in results.tasks_with_view
            for each in results.frame_id_map.get(task_id, {}).values()
        }
        self._settled_keys = set(results.frames_with_view)
        left = set(results.task_ids).difference(results.tasks_with_view)
        self.are_as_stored = not (left and shows_other_values(self._as_shown))
        # None of a run that was sent before they were noted
        self._raw_values: RawValues | None = results.raw_values
        self._with_shown_points = with_points_of_view(self.samples, view)
        check_field_types(self.samples, label_schema)
        _check_fields_are_there(self.samples, results)
        self._sample_by_clip = results.id_map.get("_clips", {})
        self._frame_id_map = results.frame_id_map
        # read when it is first asked for: most loads do not ask
        self._sample_ids: set[str] | None = None
        self._schema_types = {
            name: info.get("type") for name, info in label_schema.items()
        }
        self._types = {
            name: label_type
            for name, label_type in self._schema_types.items()
            if label_type not in (None, "scalar") and self.has_field(name)
        }

    def leave(self, keys: Iterable[str]) -> None:
        """Read some frames as they are in the dataset, whatever the run's view shows.

        Args:
            keys: the ids of the frames, or of images those of their samples
        """
        self._settled_keys.update(keys)

    def has_field(self, label_field: Any) -> bool:
        """Tell whether the dataset has a field; a run without a schema names None."""
        return label_field is not None and self.samples.has_field(label_field)

    def has_sample(self, ref: FrameRef) -> bool:
        """Tell whether the dataset still has the sample of a frame of the run.

        Args:
            ref: the frame
        """
        if self._sample_ids is None:
            self._sample_ids = set(self.run_samples().values("id"))
        return self._in_samples(ref).sample_id in self._sample_ids

    def run_samples(self) -> Any:
        """Return the samples of the run that the dataset still has."""
        frames = (each for by in self._frame_id_map.values() for each in by.values())
        ids = {each["sample_id"] for each in frames}
        return self.samples.select(
            list({str(self._sample_by_clip.get(each, each)) for each in ids})
        )

    def media_types(self, samples: Any) -> set[str]:
        """Return the kinds of media of the run; those of groups are of their slices.

        Args:
            samples: the collection that the run was made for
        """
        if samples.media_type != fom.GROUP:
            return {samples.media_type}
        dataset = samples._root_dataset
        slices = self.run_samples().distinct(f"{dataset.group_field}.name")
        return {dataset.group_media_types[each] for each in slices} or {fom.IMAGE}

    def close(self) -> None:
        """Delete what was generated to read the frames of a view of frames."""
        if self.samples._is_frames:
            self.samples._dataset.delete()

    def read(self, refs: Collection[FrameRef]) -> StoredLabels:
        """Return the labels of all of the run's fields of labels on some frames.

        Args:
            refs: the frames
        """
        return {
            name: self.labels(name, label_type, refs)
            for name, label_type in self._types.items()
        }

    def labels(
        self, label_field: Any, label_type: str, refs: Collection[FrameRef]
    ) -> dict[FrameRef, Any]:
        """Return what a field of labels holds on some frames.

        It takes 1.2 s to read 8,000 labels as FiftyOne's, 0.02 s to read them as they
        are stored. Masks are decoded at once: that takes 3 ms for a large one, and
        whoever wants the label wants its mask.

        Args:
            label_field: the field
            label_type: the type of the run's field whose labels it holds
            refs: the frames

        Returns:
            the frame, of a clip that of its video, to what the field holds, wrapped
        """
        found = {}
        values = self._values(label_field, refs, _raw=True)
        for ref in map(self._in_samples, refs):
            value = values.get(ref)
            labels = None if value is None else wrapped(value, label_type)
            if labels is None:
                continue
            found[ref] = labels
            if label_type in WITH_MASKS:
                for each in labels_in(labels, label_type):
                    if each.mask is not None:
                        each.get_mask()
        return found

    def as_shown(
        self, label_field: Any, label_type: str, refs: Collection[FrameRef]
    ) -> dict[FrameRef, Any]:
        """Return the keypoints of a field on some frames as the run's view shows them.

        Args:
            label_field: the field
            label_type: the type of the run's field whose labels it holds
            refs: the frames

        Returns:
            the frame to what the field holds, wrapped, with points that are NaN where
            the view hides them; nothing if it hides none, or a load has noted them
        """
        if not self.hides_points(label_type):
            return {}
        shown = {
            ref: own
            for ref in refs
            if not self._is_settled(own := self._in_samples(ref))
        }
        ids = {own.sample_id for own in shown.values()}
        samples = self._with_shown_points.select(list(ids))
        values = labels_by_ref(samples, label_field, _raw=True)
        return {
            ref: wrapped(values[own], label_type)
            for ref, own in shown.items()
            if values.get(own) is not None
        }

    def hides_points(self, label_type: str) -> bool:
        """Tell whether the run's view hides points of labels of a type."""
        return self._with_shown_points is not None and label_type in KEYPOINTS

    def values(
        self, label_field: Any, refs: Mapping[int, FrameRef]
    ) -> list[tuple[int, FrameRef, Any]]:
        """Return position, frame and value of a field on a task's frames.

        Args:
            label_field: the field
            refs: the position in the task to what the frame is
        """
        values = self._values(label_field, refs.values())
        return self.by_position(values, refs)

    def by_position(
        self, values: Mapping[FrameRef, Any], refs: Mapping[int, FrameRef]
    ) -> list[tuple[int, FrameRef, Any]]:
        """Return position, frame and value where there is one.

        Args:
            values: the values by frame; those of clips by the frame of their video
            refs: the position in the task to what the frame is
        """
        # a task may have a sample twice
        frame_by_ref = {ref: frame for frame, ref in refs.items()}
        found = (
            (frame, ref, values.get(self._in_samples(ref)))
            for ref, frame in frame_by_ref.items()
        )
        return [each for each in found if each[2] is not None]

    def _in_samples(self, ref: FrameRef) -> FrameRef:
        """Return a frame as one of its video, if it is one of a clip."""
        sample_id = self._sample_by_clip.get(ref.sample_id)
        return ref if sample_id is None else ref._replace(sample_id=str(sample_id))

    def _is_settled(self, ref: FrameRef) -> bool:
        """Tell whether the values on a frame are the dataset's."""
        return ref.sample_id in self._settled_ids or ref.key in self._settled_keys

    def _values(
        self, label_field: Any, refs: Iterable[FrameRef], **kwargs: Any
    ) -> dict[FrameRef, Any]:
        own = {self._in_samples(ref) for ref in refs}
        settled = own
        if not self.are_as_stored:
            settled = {ref for ref in own if self._is_settled(ref)}
        shown = own - settled
        stored = self._column(self.samples, label_field, settled, **kwargs)
        if not shown:
            return stored
        found = self._column(self._as_shown, label_field, shown, **kwargs)
        label_type = self._schema_types.get(label_field)
        if label_type is not None and self._raw_values is not None:
            noted = self._raw_values.get(label_field, {})
            raw = self._column(self.samples, label_field, shown, **kwargs)
            for ref, value in raw.items():
                found[ref] = with_edits(
                    found.get(ref), value, label_type, ref.key, noted
                )
        return stored | {ref: found[ref] for ref in shown & found.keys()}

    def _column(
        self,
        samples: Any,
        label_field: Any,
        refs: Collection[FrameRef],
        **kwargs: Any,
    ) -> dict[FrameRef, Any]:
        """Return what a field holds on all frames of the samples of some frames."""
        ids = {ref.sample_id for ref in refs}
        if not ids:
            return {}
        return labels_by_ref(samples.select(list(ids)), label_field, **kwargs)


def _check_fields_are_there(samples: Any, results: Any) -> None:
    """Refuse to load labels whose field is gone: they would look deleted.

    Args:
        samples: the collection in which the run's sample ids are found
        results: the run's results

    Raises:
        ConfigurationError: if a field was renamed or deleted
    """
    for label_field in results.config.label_schema:
        ids = set(ids_in(results.id_map.get(label_field) or {}))
        if label_field is None or not ids or samples.has_field(label_field):
            continue
        holders = _fields_with(samples, ids)
        if ids <= {True}:  # scalars, which have no ids
            what = (
                "if it was renamed, rename it back (`rename_sample_field`, "
                "`rename_frame_field`), load, and rename it again; a new field would "
                "take nothing of what went up"
            )
        elif holders:
            what = (
                f"its labels are in '{holders[0]}' now. Rename that back to "
                f"'{label_field}' (`rename_sample_field`, `rename_frame_field`), load, "
                "and rename it again"
            )
        else:
            what = (
                f"its labels are in no other field. Add a field '{label_field}' "
                "(`add_sample_field`, `add_frame_field`), and load what is new in CVAT"
            )
        raise ConfigurationError(
            f"Field '{label_field}' of run '{results.key}' is gone, and nothing has "
            f"changed here: {what}. With the field there, `dest_field` loads into "
            "another one"
        )


def _fields_with(samples: Any, label_ids: set[Any]) -> list[str]:
    """Return the fields of a collection that hold any labels of some ids."""
    found = []
    for label_field in samples._get_label_fields():
        _, path = samples._get_label_field_path(label_field, "id")
        if not label_ids.isdisjoint(samples.distinct(path)):
            found.append(label_field)
    return found
