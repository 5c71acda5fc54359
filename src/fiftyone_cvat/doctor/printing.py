"""Findings of the doctor on the terminal: as lines for people, or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict

import typer

from fiftyone_cvat.console import work_aside
from fiftyone_cvat.doctor.findings import Finding, State

__all__ = ["print_json", "print_lines"]


def print_json(findings: Iterator[Finding]) -> list[State]:
    """Print findings as JSON; return their states.

    Args:
        findings: what the doctor finds, one after the other
    """
    with work_aside():
        found = list(findings)
    typer.echo(json.dumps([asdict(each) for each in found], indent=2))
    return [each.state for each in found]


def print_lines(findings: Iterator[Finding]) -> list[State]:
    """Print findings as lines for people, each as it comes; return their states.

    Args:
        findings: what the doctor finds, one after the other
    """
    colors = {"ok": "green", "warning": "yellow", "wrong": "red"}
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    marks = dict(
        zip(("ok", "warning", "wrong"), "✓!✗" if unicode else "+!x", strict=True)
    )
    states = []
    for each in findings:
        mark = typer.style(marks.get(each.state, "-"), fg=colors.get(each.state))
        typer.echo(f"{mark} {each.name:<15} {each.words}")
        if each.advice:
            typer.echo(f"  {'':<15} {'→' if unicode else '->'} {each.advice}")
        states.append(each.state)
    return states
