"""What the plugin registers."""

from __future__ import annotations

from typing import Any

from fiftyone_cvat.plugin.doctor import CheckSetup
from fiftyone_cvat.plugin.follow import LoadIssues, WriteStatus
from fiftyone_cvat.plugin.keep import AttachTasks, CleanUp, ResumeRun
from fiftyone_cvat.plugin.load import LoadAnnotations
from fiftyone_cvat.plugin.modal import OpenInCVAT, RaiseIssue
from fiftyone_cvat.plugin.panel import CVATPanel
from fiftyone_cvat.plugin.request import RequestAnnotations

__all__ = ["OPERATORS"]

OPERATORS: tuple[Any, ...] = (
    RequestAnnotations,
    LoadAnnotations,
    WriteStatus,
    LoadIssues,
    ResumeRun,
    AttachTasks,
    CleanUp,
    CheckSetup,
    OpenInCVAT,
    RaiseIssue,
    CVATPanel,
)
"""Operators and panels; ``fiftyone.yml`` names the same."""
