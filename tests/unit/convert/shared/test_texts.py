"""Values of attributes as text, and back."""

from __future__ import annotations

import math

import bson
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiftyone_cvat.convert.shared.texts import (
    text_to_value,
    value_to_checkbox,
    value_to_text,
)

int64 = st.integers(-(2**63), 2**63 - 1)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("", "", id="empty"),
        pytest.param("0001", "0001", id="text of digits"),
        pytest.param("Ünï 🐈", "Ünï 🐈", id="unicode"),
        pytest.param(np.str_("numpy"), "numpy", id="numpy text"),
        pytest.param(True, "true", id="true"),
        pytest.param(False, "false", id="false"),
        pytest.param(np.bool_(True), "true", id="numpy true"),
        pytest.param(np.bool_(False), "false", id="numpy false"),
        pytest.param(0, "0", id="zero"),
        pytest.param(-3, "-3", id="negative"),
        pytest.param(np.int64(3), "3", id="numpy int"),
        pytest.param(np.float32(0.5), "0.5", id="numpy float"),
        pytest.param(0.1, "0.1", id="float"),
        pytest.param(1e300, "1e+300", id="huge float"),
        pytest.param(2**63, "9223372036854775808", id="huge int"),
        pytest.param(math.nan, "nan", id="NaN"),
        pytest.param(None, "", id="None"),
        pytest.param([1, "a"], "[1, 'a']", id="list"),
        pytest.param(np.array([1, 2]), "[1 2]", id="array"),
    ],
)
def test_value_to_text(value, text):
    result = value_to_text(value)
    assert result == text
    assert isinstance(result, str)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        pytest.param("0001", str, "0001", id="digits of a text field"),
        pytest.param("False", str, "False", id="word of a text field"),
        pytest.param("", str, "", id="empty text field"),
        pytest.param(" a ", str, " a ", id="spaces of a text field"),
        pytest.param("None", str, "None", id="None in a text field"),
        pytest.param("0001", "text", "0001", id="text input"),
        pytest.param("1", "select", "1", id="select input"),
        pytest.param("true", "radio", "true", id="radio input"),
        pytest.param("", int, None, id="empty int field"),
        pytest.param("  ", None, None, id="spaces"),
        pytest.param("None", None, None, id="None"),
        pytest.param("7", int, 7, id="int"),
        pytest.param("7.0", int, 7, id="int with a point"),
        pytest.param(" 7 ", int, 7, id="int with spaces"),
        pytest.param("7", float, 7.0, id="float without a point"),
        pytest.param("1e3", float, 1000.0, id="exponent"),
        pytest.param("true", bool, True, id="bool"),
        pytest.param("True", bool, True, id="capital bool"),
        pytest.param("1", bool, True, id="one of a bool field"),
        pytest.param("0", bool, False, id="zero of a bool field"),
        pytest.param("false", "checkbox", False, id="checkbox"),
        pytest.param("", "checkbox", None, id="empty checkbox"),
        pytest.param("7", "number", 7, id="number input"),
        pytest.param("7.5", "number", 7.5, id="number input with a point"),
        pytest.param("7", None, 7, id="guessed int"),
        pytest.param("7.0", None, 7.0, id="guessed float"),
        pytest.param("TRUE", None, True, id="guessed bool"),
        pytest.param("false", None, False, id="guessed false"),
        pytest.param("red", None, "red", id="guessed text"),
        pytest.param(" red ", None, " red ", id="guessed text with spaces"),
    ],
)
def test_text_to_value(text, kind, value):
    result = text_to_value(text, kind)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize("text", ["0001", "False", "1.0", "nan", "None", "1_000", ""])
def test_built_in_defect_text_of_a_text_field_became_a_number(text):
    assert text_to_value(text, str) == text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("7.5", int),
        ("seven", int),
        ("seven", float),
        ("1e300", int),
        ("9" * 25, int),
        ("maybe", bool),
        ("2", "checkbox"),
    ],
)
def test_text_that_is_no_value_of_its_type(text, kind):
    with pytest.raises(ValueError, match=text):
        text_to_value(text, kind)


@pytest.mark.parametrize("text", ["9" * 25, "-" + "9" * 25, "0" * 30])
def test_guess_takes_digits_that_are_no_number_of_the_database_for_words(text):
    assert text_to_value(text) == text


@pytest.mark.parametrize("text", ["nan", "inf", "-Infinity"])
def test_guess_takes_words_for_words(text):
    assert text_to_value(text) == text


@pytest.mark.parametrize("kind", [None, float, "number"])
@pytest.mark.parametrize("text", ["9" * 25, "-" + "9" * 25, "9" * 300, "1e300"])
def test_numbers_fit_the_database(text, kind):
    bson.encode({"value": text_to_value(text, kind)})


@pytest.mark.parametrize("kind", [float, "number", int])
@pytest.mark.parametrize("text", ["inf", "-Infinity", "1e400", "-1e400", "9" * 5000])
def test_number_without_end_is_none(text, kind):
    assert text_to_value(text) == text
    with pytest.raises(ValueError, match="number"):
        text_to_value(text, kind)


@pytest.mark.parametrize("text", ["", "5", "true", "[1, 2]"])
def test_no_text_is_a_value_that_is_no_text(text):
    if text:
        with pytest.raises(ValueError, match="no text"):
            text_to_value(text, object)
    else:
        assert text_to_value(text, object) is None


@pytest.mark.parametrize("text", ["1_000", "٣"])
def test_guess_takes_only_plain_digits_for_a_number(text):
    assert text_to_value(text) == text


@given(st.text())
def test_text_comes_back(value):
    assert text_to_value(value_to_text(value), str) == value


@given(int64)
def test_int_comes_back(value):
    for kind in (int, None, "number"):
        result = text_to_value(value_to_text(value), kind)
        assert result == value
        assert type(result) is int
    assert text_to_value(value_to_text(np.int64(value)), int) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_float_comes_back(value):
    for kind in (float, None):
        result = text_to_value(value_to_text(value), kind)
        assert result == value
        assert type(result) is float


def test_nan_comes_back():
    assert math.isnan(text_to_value(value_to_text(math.nan), float))


@given(st.booleans(), st.sampled_from([bool, None, "checkbox"]))
def test_bool_comes_back(value, kind):
    assert text_to_value(value_to_text(value), kind) is value
    assert text_to_value(value_to_text(np.bool_(value)), kind) is value


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((True, np.bool_(True), 1, 1.0, "true", "True", " TRUE ", "1"), "true"),
        ((False, np.bool_(False), 0, -0.0, "false", "False", "0"), "false"),
        ((2, 0.5, math.nan, "", "yes", "None", "t"), None),
    ],
)
def test_value_to_checkbox(values, text):
    assert {value_to_checkbox(each) for each in values} == {text}
