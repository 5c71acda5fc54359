"""What stands between FiftyOne and CVAT: one finding a check, in a person's order.

Nothing is changed on the server or in the database. What is wrong is a finding, not
an error, and no finding holds a secret.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fiftyone_cvat.doctor.configuration import read_setup
from fiftyone_cvat.doctor.findings import CHECKS, Finding, State, skip, without
from fiftyone_cvat.doctor.machine import check_ffprobe, check_mongodb, check_sdk
from fiftyone_cvat.doctor.server import check_server

__all__ = ["CHECKS", "Finding", "State", "diagnose"]


def diagnose(backend: str, **overrides: Any) -> Iterator[Finding]:
    """Check everything, from the configuration to the programs that are needed.

    Args:
        backend: the name of the backend in FiftyOne's configuration
        **overrides: what to use in place of what is configured: ``url``,
            ``username``, ``email``, ``password``, ``access_token``, ``organization``,
            ``verify_ssl``; None values are left out

    Yields:
        a finding for each of :data:`CHECKS`, as soon as it is known
    """
    setup, findings_here = read_setup(backend, overrides)
    yield from findings_here
    secrets = [setup.password, setup.access_token, *setup.headers.values()]
    findings = (
        check_server(setup) if setup.is_usable else skip(findings_here[-1], "answers")
    )
    for each in findings:
        yield without(secrets, each)
    yield check_sdk()
    yield check_mongodb()
    yield check_ffprobe()
