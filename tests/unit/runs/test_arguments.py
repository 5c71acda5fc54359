"""Arguments that cannot work are refused, and what is secret is not quoted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs import arguments, members
from fiftyone_cvat.transport import requests, sdk_client


@pytest.mark.parametrize("value", [["s3cr3t"], {"a": "s3cr3t"}, b"s3cr3t", object()])
def test_what_is_no_text(value):
    with pytest.raises(ConfigurationError, match="`password` must be a text") as caught:
        arguments.text_of("cvat", "password", value)
    assert "s3cr3t" not in str(caught.value)


def test_texts_that_fiftyone_has_read_as_numbers(monkeypatch):
    assert arguments.stored_text("cvat", "task_name", 7) == "7"
    monkeypatch.setenv("FIFTYONE_CVAT_TASK_NAME", "007")
    assert arguments.stored_text("cvat", "task_name", 7) == "007"
    # what a run was sent without it stays without
    assert arguments.stored_text("cvat", "task_name", None) is None


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        *((None, True), ("", True), ("False", False), (1, True), (0, False)),
        *((True, True), (np.True_, True), (np.False_, False), (np.int64(0), False)),
    ],
)
def test_truths(value, taken):
    assert arguments.truth("use_cache", value) is taken


@pytest.mark.parametrize(
    "value", ["maybe", [], {}, 1.5, object(), np.array([True, False]), np.float64(1.5)]
)
def test_what_is_no_truth(value):
    with pytest.raises(ConfigurationError, match="`use_cache` must be True or False"):
        arguments.truth("use_cache", value)


@pytest.mark.parametrize("value", [np.False_, np.int64(0)])
def test_verification_that_numpy_switches_off(value):
    assert arguments.truth_or_text(value) is False


def test_texts_that_numpy_holds():
    assert arguments.stored_text("cvat", "task_name", np.int64(7)) == "7"
    assert type(arguments.stored_text("cvat", "task_name", np.str_("a"))) is str


SEVERAL = {
    "list": lambda values: values,
    "tuple": tuple,
    "array": np.array,
    "generator": iter,
    "keys": dict.fromkeys,
}
"""Ways to give several values; keys are those of a dict."""


@pytest.mark.parametrize("way", SEVERAL)
def test_several_values(way):
    def given(values):
        found = SEVERAL[way](values)
        return found.keys() if way == "keys" else found

    taken = arguments.texts_in_turn("cvat", "job_assignees", given(["a", "b"]))
    assert taken == ["a", "b"]
    taken = arguments.frame_numbers("frame_start", given([1, 2]), least=0)
    assert taken == [1, 2]
    assert {type(each) for each in taken} == {int}


@pytest.mark.parametrize("kind", [set, frozenset])
def test_sets_have_no_order(kind):
    with pytest.raises(ConfigurationError, match="`job_assignees` must be a text, or"):
        arguments.texts_in_turn("cvat", "job_assignees", kind("ab"))
    with pytest.raises(ConfigurationError, match="`frame_start` must be a whole"):
        arguments.frame_numbers("frame_start", kind([1, 2]), least=0)


def test_a_bundle_of_certificates():
    assert arguments.truth_or_text(Path("/ca.pem")) == "/ca.pem"


@pytest.mark.parametrize("value", [[], {}, object(), [None]])
def test_what_does_not_switch_verification_off(value):
    with pytest.raises(ConfigurationError, match="`verify_ssl`"):
        arguments.truth_or_text(value)


@pytest.mark.parametrize("value", [None, "http://a", " https://a.example.com/b?c=1 "])
def test_addresses(value):
    assert arguments.web_address("issue_tracker", value) == value


@pytest.mark.parametrize("value", ["a", "a.com/b", "ftp://a", "http://", "http://[", 5])
def test_what_is_no_address(value):
    with pytest.raises(ConfigurationError, match="`issue_tracker` must be a URL"):
        arguments.web_address("issue_tracker", value)


SECRETS = [
    "htps://ann:s3cr3t@host/a",
    "ann:s3cr3t@host",
    "s3cr3t@host",
    "x" * 70 + ":s3cr3t@host",
    "htps://host/a?token=s3cr3t",
    ["https://ann:s3cr3t@host"],
    {"https": "https://ann:s3'cr3t@host"},
    b"https://ann:s3cr3t@host",
]


@pytest.mark.parametrize("value", SECRETS)
@pytest.mark.parametrize(
    "take",
    [
        lambda value: arguments.web_address("issue_tracker", value),
        lambda value: arguments.texts_in_turn("cvat", "issue_tracker", [[value]]),
        lambda value: arguments.truth_or_text([value]),
        lambda value: requests.check_request_url(value, "http://cvat/api"),
        lambda value: requests.origin_of([value]),
        lambda value: sdk_client._check_bundle(str(value)),
    ],
    ids=["address", "texts", "truth", "request", "origin", "bundle"],
)
def test_secrets_in_what_is_refused(take, value):
    if value == SECRETS[-1]:
        value = [value]
    with pytest.raises(ConfigurationError) as caught:
        take(value)
    assert "s3" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "words"),
    [("htps://a/b", "'htps://a/b' is none"), (5, "5 is none"), ("a@b", "***@b'")],
)
def test_what_is_quoted(value, words):
    with pytest.raises(ConfigurationError) as caught:
        arguments.web_address("issue_tracker", value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "url", ["api/nope", "/api/tasks", "", "cvat:80/api", "ftp://a/b", "https://", 5]
)
def test_requests_to_no_url(url):
    words = "is no URL of a request: it must begin with http:// or https://, as "
    with pytest.raises(ConfigurationError, match=words) as caught:
        requests.check_request_url(url, "http://cvat/api")
    assert "f'{api.base_api_url}/tasks'" in str(caught.value)
    assert "http://cvat/api/tasks here" in str(caught.value)
    requests.check_request_url("HTTP://other/api", "http://cvat/api")


@pytest.mark.parametrize(
    ("take", "value", "taken"),
    [
        (members.name_of, "a", "a"),
        (members.number_of, "5", 5),
        (members.numbers_of, (5, "6"), [5, 6]),
        (members.paths_of, "/a.png", ["/a.png"]),
        (members.paths_of, [Path("/a.png"), None], [Path("/a.png"), None]),
        (members.several, {"a"}, ["a"]),
    ],
)
def test_members(take, value, taken):
    assert take("it", value) == taken


@pytest.mark.parametrize(
    ("take", "values"),
    [
        (members.name_of, (None, 5, "", " ", [])),
        (members.number_of, (None, 0, "x", [], {}, True)),
        (members.numbers_of, (None, 5, "5", {}, [None], ["x"])),
        (members.paths_of, (None, 5, {}, [5])),
        (members.several, (None, 5, "a", b"a", {})),
    ],
)
def test_what_members_refuse(take, values):
    for value in values:
        with pytest.raises(ConfigurationError, match=r"^`it"):
            take("it", value)


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        (["a"], "`x` must be 'a', not 'z'"),
        (["a", "b"], "`x` must be 'a' or 'b', not 'z'"),
        (["a", "b", "c"], "`x` must be one of 'a', 'b', 'c', not 'z'"),
    ],
)
def test_one_of_a_few_words(choices, words):
    with pytest.raises(ConfigurationError) as caught:
        arguments.one_of("x", "z", *choices)
    assert str(caught.value) == words
    assert arguments.one_of("x", "a", *choices) == "a"
