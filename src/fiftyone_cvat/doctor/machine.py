"""What this machine needs: the SDK, the database, a program for videos."""

from __future__ import annotations

import importlib
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement
from packaging.version import Version

from fiftyone_cvat.doctor.findings import (
    Finding,
    State,
    kind_and_words,
    words_and_advice,
)

__all__ = ["check_ffprobe", "check_mongodb", "check_sdk"]

PATIENCE = 10.0
"""Seconds to wait for a program's answer."""


def check_sdk() -> Finding:
    """Tell whether cvat-sdk is there, new enough and whole."""
    name = "SDK version"
    needed = next(
        each
        for each in map(Requirement, requires("fiftyone-cvat") or ())
        if each.name == "cvat-sdk"
    )
    advice = f"pip install '{needed}'"
    try:
        found = version("cvat-sdk")
        if not needed.specifier.contains(found, prereleases=True):
            words = f"cvat-sdk {found} is too old: {needed.specifier} is needed"
            return Finding(name, State.WRONG, words, advice)
        importlib.import_module("fiftyone_cvat.transport.sdk_client")
    except PackageNotFoundError:
        return Finding(name, State.WRONG, "cvat-sdk is not installed", advice)
    except (ImportError, AttributeError) as error:
        words = f"cvat-sdk {found} does not fit: {kind_and_words(error)}"
        return Finding(name, State.WRONG, words, f"{advice} --force-reinstall")
    own = version("fiftyone-cvat")
    return Finding(name, State.OK, f"cvat-sdk {found}, fiftyone-cvat {own}")


def check_mongodb() -> Finding:
    """Tell whether FiftyOne's database answers; it is started if FiftyOne does that."""
    name = "MongoDB"
    try:
        import fiftyone as fo
        import fiftyone.constants as foc

        from fiftyone_cvat.errors import DatabaseError
        from fiftyone_cvat.workflows.database import ask_database
    except Exception as error:  # noqa: BLE001  a broken installation is a finding
        advice = "check FiftyOne's installation"
        return Finding(name, State.WRONG, kind_and_words(error), advice)
    try:
        found, nodes = ask_database()
    except DatabaseError as error:
        return Finding(name, State.WRONG, *words_and_advice(error))
    words = f"MongoDB {found} at {', '.join(nodes)}"
    least = foc.MONGODB_MIN_VERSION
    if Version(found).major == least.major:
        words += ", the oldest that this FiftyOne supports"
    if Version(found) < least and fo.config.database_validation:
        advice = f"FiftyOne {fo.__version__} wants {least} or newer"
        return Finding(name, State.WRONG, f"MongoDB {found}", advice)
    return Finding(name, State.OK, words)


def check_ffprobe() -> Finding:
    """Tell whether ``ffprobe`` is there; only videos need it."""
    name, advice = "ffprobe", "install ffmpeg if you annotate videos"
    program = shutil.which("ffprobe")
    if program is None:
        words = "not found: OpenCV reads the metadata of videos in its place"
        return Finding(name, State.WARNING, words, advice)
    try:
        done = subprocess.run(  # noqa: S603  found by name, with a fixed argument
            [program, "-version"], capture_output=True, check=True, timeout=PATIENCE
        )
    except (OSError, subprocess.SubprocessError) as error:
        words = f"{program} does not run ({type(error).__name__})"
        return Finding(name, State.WRONG, words, advice)
    first = done.stdout.decode(errors="replace").partition("\n")[0]
    return Finding(name, State.OK, first.partition(" Copyright")[0])
