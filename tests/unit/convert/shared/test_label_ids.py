"""The text in which a label's id travels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiftyone_cvat.convert.shared.label_ids import join_label_id, split_label_id
from tests.builders import object_id

A = object_id(1)


@pytest.mark.parametrize(
    ("text", "label_id", "part"),
    [
        pytest.param(A, A, 1, id="first part"),
        pytest.param(f"{A}.2", A, 2, id="second part"),
        pytest.param(f"{A}.10", A, 10, id="tenth part"),
        pytest.param(f"  {A}.2\n", A, 2, id="spaces"),
        pytest.param("", None, 1, id="empty"),
        pytest.param("  ", None, 1, id="spaces only"),
        pytest.param(None, None, 1, id="none"),
        pytest.param(f"{A}.x", A, 1, id="no number"),
        pytest.param(f"{A}.0", A, 1, id="part zero"),
        pytest.param(f"{A}.-1", A, 1, id="negative part"),
        pytest.param(f"{A}.", A, 1, id="no part"),
        pytest.param(f"{A}.²", A, 1, id="a digit that is no decimal"),
        pytest.param("ünï.3", "ünï", 3, id="unicode"),
    ],
)
def test_split_label_id(text, label_id, part):
    assert split_label_id(text) == (label_id, part)


@given(st.from_regex(r"[0-9a-f]{24}", fullmatch=True), st.integers(1, 10**9 - 1))
def test_join_and_split_label_id(label_id, part):
    assert split_label_id(join_label_id(label_id, part)) == (label_id, part)


def test_join_label_id_of_the_first_part_is_the_id():
    assert join_label_id(A, 1) == A
