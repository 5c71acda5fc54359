"""The names of users that keywords of a run give."""

from __future__ import annotations

import logging

import pytest

from fiftyone_cvat.backend import CVATBackendConfig
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.keywords import tell_unknown_keywords

KEYWORDS = ("task_assignee", "job_assignees", "job_assignee", "job_reviewers")


def config(**keywords):
    return CVATBackendConfig("cvat", {}, **keywords)


def assignees(**keywords):
    return config(**keywords).job_assignees


@pytest.mark.parametrize("name", KEYWORDS)
@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (None, None),
        ("", None),
        ("ann", "ann"),
        ("ann, bob", ["ann", "bob"]),
        (" ann ,bob,, ", ["ann", "bob"]),
        (",", []),
        (["ann,bob", None, "eve"], ["ann", "bob", None, "eve"]),
    ],
)
def test_names_that_commas_are_between(name, given, taken):
    """The kind: all keywords that name users."""
    held = "job_assignees" if name == "job_assignee" else name
    assert getattr(config(**{name: given}), held) == taken


@pytest.mark.parametrize("name", KEYWORDS)
def test_what_is_no_text(name):
    with pytest.raises(ConfigurationError, match=f"`{name}` must be a text"):
        config(**{name: 5})


def test_both_keywords():
    """What the App's form sends is what the other keyword says, or it is refused."""
    assert assignees(job_assignee="ann", job_assignees=None) == "ann"
    assert assignees(job_assignee="ann", job_assignees=["ann"]) == ["ann"]
    with pytest.raises(ConfigurationError, match="name different users"):
        assignees(job_assignee="ann", job_assignees=["bob"])


def test_it_is_known_and_not_stored(caplog):
    caplog.set_level(logging.WARNING)
    made = config(job_assignee="ann")
    tell_unknown_keywords(made)
    assert caplog.text == ""
    assert made.serialize()["job_assignees"] == "ann"
    assert "job_assignee" not in made.serialize()


def test_a_variable_of_the_environment(monkeypatch):
    """FiftyOne makes numbers of texts that look like some."""
    monkeypatch.setenv("FIFTYONE_CVAT_JOB_ASSIGNEE", "007,ann")
    assert assignees(job_assignee=[7, "ann"]) == ["007", "ann"]
