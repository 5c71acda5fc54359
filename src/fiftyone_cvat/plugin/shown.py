"""What the App shows of errors, warnings and lines of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fiftyone.operators import types

__all__ = ["alert", "failure_shown", "lines_shown", "plain", "prompt"]

Shown = tuple[dict[str, Any], dict[str, Any]]
"""The schema of an output and its values, as the App takes them."""


def plain(text: str) -> str:
    """Return a text in which nothing is a sign of Markdown.

    Args:
        text: what the user is to read as it is
    """
    signs = "\\`*_{}[]<>#|~"
    return "".join(f"\\{each}" if each in signs else each for each in text)


def prompt(inputs: types.Object, title: str, button: str) -> types.Property:
    """Return a form as a dialog of the App.

    Args:
        inputs: what is asked
        title: what stands above it
        button: what stands on the button that goes on
    """
    view = types.PromptView(label=title, submit_button_label=button)
    return types.Property(inputs, view=view)


def alert(
    form: types.Object, name: str, severity: str, words: str, advice: str = ""
) -> types.Property:
    """Add a coloured message to a form or panel.

    Args:
        form: the form
        name: the name of the message in it
        severity: ``info``, ``success``, ``warning`` or ``error``
        words: what is the matter
        advice: what to do about it
    """
    view = types.AlertView(severity=severity, label=words, description=advice or None)
    return form.view(name, view)


def failure_shown(error: BaseException) -> Shown:
    """Return the output that tells of an error.

    Args:
        error: the error
    """
    shown = types.Object()
    alert(shown, "error", "error", str(error) or type(error).__name__)
    for number, note in enumerate(getattr(error, "__notes__", ())):
        shown.md(plain(note), name=f"note_{number}")
    return types.Property(shown, view=types.View(label="It did not work")).to_json(), {}


def lines_shown(lines: Sequence[str], warnings: Sequence[str] = ()) -> Shown:
    """Return the output that tells what was done.

    Args:
        lines: what was done, in Markdown
        warnings: what the user should know besides
    """
    shown = types.Object()
    shown.md("\n\n".join(lines), name="lines")
    for number, each in enumerate(dict.fromkeys(warnings)):
        alert(shown, f"warning_{number}", "warning", each)
    return types.Property(shown, view=types.View(label="Done")).to_json(), {}
