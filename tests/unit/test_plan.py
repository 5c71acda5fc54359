"""The command ``plan``, where it does not get to the server."""

from __future__ import annotations

import fiftyone as fo
import pytest
from typer.testing import CliRunner

from fiftyone_cvat import cli
from fiftyone_cvat.errors import ConfigurationError
from tests.builders import detection


@pytest.fixture
def pictures(dataset):
    cats = fo.Detections(detections=[detection()])
    dataset.add_sample(fo.Sample("picture.png", cats=cats))
    dataset.save_view("two", dataset.limit(2))
    return dataset


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--label-field", "roads"], "FiftyOne refuses it: You must specify a type"),
        (["--label-field", "cats", "--view", "tow"], "has no saved view 'tow'; it has"),
    ],
    ids=["field", "view"],
)
def test_what_the_command_refuses(pictures, arguments, words):
    done = CliRunner().invoke(cli.app, ["plan", pictures.name, *arguments])

    assert isinstance(done.exception, ConfigurationError)
    assert words in str(done.exception)
