"""The plugin in FiftyOne's folder of plugins: put there, looked at, taken out."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import fiftyone as fo
import fiftyone.plugins as fop
import pytest
import yaml
from typer.testing import CliRunner

from fiftyone_cvat import cli
from fiftyone_cvat.commands.plugin import SOURCE
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.plugin.operators import OPERATORS


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """FiftyOne's folder of plugins, which is not there yet."""
    made = tmp_path / "plugins"
    monkeypatch.setattr(fo.config, "plugins_dir", str(made))
    return made


def run(*words):
    return CliRunner().invoke(cli.app, ["plugin", *words], catch_exceptions=False)


def test_metadata_is_that_of_the_package():
    found = yaml.safe_load((SOURCE / "fiftyone.yml").read_text())

    assert found["version"] == version("fiftyone-cvat")
    names = [each().name for each in OPERATORS]
    assert names == [*found["operators"], *found["panels"]]


def test_installed_looked_at_and_taken_out(folder):
    assert run("status").exit_code == 1
    assert "linked" in run("install").output
    assert (folder / "fiftyone-cvat").resolve() == SOURCE
    assert run("status").exit_code == 0
    assert "@fiftyone-cvat/app" in [each.name for each in fop.list_plugins()]
    assert "linked" in run("install").output

    assert run("uninstall").exit_code == 0

    assert list(folder.iterdir()) == []
    assert "no plugin" in run("uninstall").output
    assert (SOURCE / "fiftyone.yml").is_file()


def test_copied_where_there_are_no_links(folder, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("no links here")

    monkeypatch.setattr(Path, "symlink_to", refuse)

    assert "copied" in run("install").output
    assert (folder / "fiftyone-cvat" / "fiftyone.yml").is_file()
    assert not (folder / "fiftyone-cvat").is_symlink()
    assert "copied" in run("status").output
    assert run("uninstall").exit_code == 0
    assert list(folder.iterdir()) == []


def test_another_version_is_told_and_replaced(folder):
    place = folder / "fiftyone-cvat"
    place.mkdir(parents=True)
    text = (SOURCE / "fiftyone.yml").read_text()
    old = text.replace(version("fiftyone-cvat"), "0.0.1")
    (place / "fiftyone.yml").write_text(old)

    told = run("status")
    assert told.exit_code == 1
    assert "0.0.1" in told.output
    assert "fiftyone-cvat plugin install" in told.output
    assert "Replaced the plugin of fiftyone-cvat 0.0.1" in run("install").output
    assert run("status").exit_code == 0


def test_link_whose_package_is_gone_is_replaced(folder):
    folder.mkdir()
    (folder / "fiftyone-cvat").symlink_to(folder / "nowhere")

    assert run("status").exit_code == 1
    assert run("install").exit_code == 0
    assert run("status").exit_code == 0


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_what_is_not_ours_is_left_alone(folder, command):
    place = folder / "fiftyone-cvat"
    place.mkdir(parents=True)
    (place / "fiftyone.yml").write_text("name: '@somebody/else'\nversion: 1.0.0\n")

    with pytest.raises(ConfigurationError, match="no plugin of fiftyone-cvat"):
        run(command)

    assert (place / "fiftyone.yml").is_file()
