"""Defects of FiftyOne's built-in CVAT integration, and the tests that we have none.

Some were put right there in the course of time. A test that fails with such a defect is
called ``test_built_in_defect_...``, and stands in the table below.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PREFIX = "test_built_in_defect_"

DEFECTS = {
    "A copied object has the label id of the first, and replaces it.": [
        "replay/test_edits.py::copies_replaced_one_another",
        "unit/api/test_wide_members.py::copy_replaced_the_first",
        "unit/convert/from_cvat/test_nested_results.py::copy_with_the_same_id_replaced_the_first",
        "unit/convert/from_cvat/test_claims.py::copied_object_disappeared",
    ],
    "An object of another class now has no label id, and becomes a new label.": [
        "replay/test_track_edits.py::track_of_another_class_lost_identity",
        "unit/convert/from_cvat/test_claims.py::changed_class_lost_identity",
    ],
    "So do objects that were split or merged.": [
        "replay/test_track_edits.py::merged_tracks_lost_identity",
        "replay/test_videos.py::split_track_lost_identity",
    ],
    "Objects without a label id are known in the last task of a run only.": [
        "replay/test_edits.py::identity_in_the_last_of_several_tasks_only",
    ],
    "Ground truth and replicas of jobs are loaded as if they were annotations.": [
        "replay/test_edits.py::ground_truth_was_loaded",
        "replay/test_replicas.py::replicas_of_jobs_were_loaded",
    ],
    "An instance mask shrinks by a pixel each time.": [
        "replay/test_shapes.py::mask_lost_its_last_row_and_column",
        "unit/convert/to_cvat/test_shapes.py::mask_shrank",
    ],
    "Boxes that nobody touched come back rounded to whole pixels.": [
        "replay/test_detections.py::untouched_boxes_moved_to_whole_pixels",
    ],
    "A segmentation goes through polygons, which changes pixels and fills holes.": [
        "replay/test_shapes.py::segmentation_changed_each_time",
        "unit/convert/shared/test_segmentations.py::region_inside_another_is_a_hole_of_it",
    ],
    "Classes that an annotator adds on the server are left out.": [
        "replay/test_edits.py::new_class_of_an_annotator_was_dropped",
    ],
    "Ellipses are left out.": [
        "replay/test_cuboids.py::ellipse_was_lost",
        "unit/api/test_wide_members.py::ellipse_was_lost",
    ],
    "Tracks of skeletons are left out.": [
        "replay/test_videos.py::skeleton_tracks_were_skipped",
    ],
    "A cuboid on an image is read as one in space.": [
        "replay/test_cuboids.py::cuboid_on_an_image_was_one_in_space",
        "unit/convert/from_cvat/test_labels.py::cuboid_on_an_image_was_taken_for_one_in_space",
    ],
    "A rotation under one degree, and one that is reset to 0, is not read.": [
        "replay/test_edits.py::rotation_reset_or_under_one_degree_was_lost",
        "unit/convert/from_cvat/test_originals.py::rotation_reset_to_zero_was_lost",
    ],
    "Texts such as 0001 and False become numbers and truth values.": [
        "replay/test_detections.py::text_attributes_became_numbers",
        "unit/convert/shared/test_attributes.py::text_of_a_text_field_became_a_number",
    ],
    "A mask in a field of polygons is not expected there.": [
        "replay/test_shapes.py::mask_among_polygons_was_not_expected",
    ],
    "Points of skeletons come back in another order, hidden ones in any place.": [
        "replay/test_round_trips.py::skeleton_lost_names_and_hidden_joints",
        "unit/convert/shared/test_skeletons.py::points_of_a_skeleton_came_in_another_order",
    ],
    "A point that is not known stops an upload.": [
        "unit/convert/to_cvat/test_shapes.py::unknown_point_crashed",
    ],
    "Clips begin a frame late.": [
        "unit/convert/shared/test_frames.py::clips_were_off_by_one",
    ],
    "A gap in a track is filled.": [
        "replay/test_videos.py::gap_in_a_track_was_filled",
        "unit/convert/to_cvat/test_tracks.py::outside_marker_on_the_wrong_frame",
    ],
    "A stretch of a track that is one frame long stops an upload.": [
        "replay/test_track_edits.py::stretch_of_one_frame_crashed",
    ],
    "Where a key frame was edited the frames beside it stay as they were.": [
        "replay/test_tracks.py::frames_beside_an_edited_key_frame_stayed",
    ],
    "The last key frame is repeated instead of being interpolated.": [
        "replay/test_videos.py::last_key_shape_was_repeated",
    ],
    "Tracks are read by job: cut where one ends, numbered anew in the next.": [
        "replay/test_track_edits.py::index_began_anew_in_each_job",
    ],
    "A track that was put together begins at its last frame.": [
        "unit/convert/to_cvat/test_tracks.py::merged_track_began_at_its_last_frame",
    ],
    "Nothing tells which frames an annotator has deleted.": [
        "replay/test_videos.py::deleted_frames_were_not_told",
    ],
    "In an existing project the second field of a type is left out.": [
        "replay/test_projects.py::second_field_of_a_type_was_dropped",
    ],
    "A class of two fields is renamed, and is never occluded then.": [
        "unit/convert/to_cvat/test_schema.py::occlusion_of_a_renamed_class_was_lost",
    ],
    "Lines, and polygons of too few points, do not go up or stop the upload.": [
        "replay/test_shapes.py::lines_did_not_go_up",
        "unit/convert/to_cvat/test_shapes.py::polygon_of_too_few_points",
    ],
    "Of a mask of several regions one comes back.": [
        "replay/test_shapes.py::mask_of_two_regions_lost_one",
    ],
    "Instances whose masks are in files do not go up.": [
        "unit/dataset/test_views.py::instances_whose_masks_are_in_files_were_left_out",
    ],
    "An image whose name has no extension never becomes a task.": [
        "unit/server/test_media_files.py::image_without_extension",
    ],
    "Without ffprobe no video can be annotated.": [
        "replay/test_several_videos.py::videos_needed_ffprobe",
    ],
}


def names_of(tree: ast.AST) -> Iterator[str]:
    """Yield what the module's tests of defects are called, without the prefix."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith(PREFIX):
            yield node.name.removeprefix(PREFIX)


@functools.cache
def defect_tests() -> list[str]:
    """Return the tests of defects that there are, as the table names them."""
    return [
        f"{path.relative_to(TESTS).as_posix()}::{name}"
        for path in TESTS.rglob("test_*.py")
        for name in names_of(ast.parse(path.read_text(encoding="utf-8")))
    ]


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_defect_has_a_test(defect):
    assert DEFECTS[defect], "no test"
    assert sorted(set(DEFECTS[defect]) - set(defect_tests())) == []


def test_each_test_of_a_defect_is_listed_once():
    listed = [each for tests in DEFECTS.values() for each in tests]

    assert sorted(listed) == sorted(defect_tests())
