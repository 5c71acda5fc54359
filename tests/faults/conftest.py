"""What the tests of faults share."""

from __future__ import annotations

import pytest

from tests.faults.processes import Processes
from tests.faults.server import StandIn


@pytest.fixture
def server():
    made = StandIn()
    yield made
    made.close()


@pytest.fixture(scope="session")
def processes(tmp_path_factory):
    made = Processes(tmp_path_factory.mktemp("processes") / "log.txt")
    yield made
    made.close()
