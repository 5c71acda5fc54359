"""The operator that checks what annotation runs need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fiftyone.operators import Operator, OperatorConfig, types

from fiftyone_cvat.doctor import CHECKS, Finding, State, diagnose
from fiftyone_cvat.plugin.background import Tell, work_with_progress
from fiftyone_cvat.plugin.runs import backend_name, server_settings
from fiftyone_cvat.plugin.shown import plain, prompt

__all__ = ["CheckSetup"]

MARKS = {State.OK: "✓", State.WARNING: "⚠", State.WRONG: "✗", State.SKIPPED: "-"}


class CheckSetup(Operator):
    """Checks the configuration, the server and this machine; it changes nothing."""

    @property
    def config(self) -> OperatorConfig:
        """How the App offers it."""
        return OperatorConfig(
            name="check_setup",
            label="CVAT: check the setup",
            description="What stands between FiftyOne and CVAT, and what helps",
            icon="medical_services",
            execute_as_generator=True,
        )

    def resolve_input(self, ctx: Any) -> types.Property:  # noqa: ARG002  FiftyOne's
        """Return the form, which only says what will happen."""
        inputs = types.Object()
        inputs.md(
            "Configuration, server, sign-in, rights, versions, MongoDB and ffprobe are "
            "checked. Nothing is changed."
        )
        return prompt(inputs, "Check the setup", "Check")

    def execute(self, ctx: Any) -> Iterator[Any]:
        """Check, and tell what was found."""

        def check(tell: Tell) -> list[Finding]:
            found = []
            for each in diagnose(backend_name(), **server_settings(ctx)):
                found.append(each)
                tell(f"Checked: {each.name}", len(found) / len(CHECKS))
            return found

        yield from work_with_progress(
            ctx, "Checking", check, _lines, is_of_dataset=False
        )


def _lines(findings: list[Finding]) -> list[str]:
    lines = []
    for each in findings:
        line = f"{MARKS[each.state]} **{each.name}**: {plain(each.words)}"
        lines.append(f"{line} — {plain(each.advice)}" if each.advice else line)
    return lines
