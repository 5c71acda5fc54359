"""Record the cassettes anew from a server, and tell what has changed in shape.

    python scripts/record_cassettes.py --url http://cvat.example.com
    python scripts/record_cassettes.py --url http://cvat.example.com -k test_tracks
    python scripts/record_cassettes.py --url http://cvat.example.com --accept

Run it in an environment of the extra ``test``; ``cassettes/README.md`` tells which
accounts it reads from the environment. What is recorded goes into a folder of its own,
which is named in the end, and is compared with what is stored: requests that are new
or gone, status codes, and keys and types of what is sent and answered. Values do not
count, nor does a type that the same answer has in another stored cassette. The status
is 1 if something has changed or a test failed, and 2 if nothing could be recorded.
``--accept`` puts the new cassettes in the place of the stored ones; a test that failed
has none.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from fiftyone_cvat.transport.wire import endpoint

__all__ = ["changes", "main", "shape"]

ROOT = Path(__file__).parents[1]
CASSETTES = ROOT / "cassettes"
SHOWN = 3
KINDS = {
    bool: "truth",
    dict: "object",
    float: "fraction",
    int: "integer",
    list: "list",
    str: "text",
    type(None): "null",
}

Interactions = list[dict[str, Any]]
Shape = dict[str, set[str]]
"""The place of each value in a JSON body to the kinds of values that are there."""

Found = dict[str, list[str]]
"""What has changed, in words, to the names of the cassettes that show it."""


def main(arguments: list[str] | None = None) -> int:
    """Record, compare and tell; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", required=True, help="the server's address")
    parser.add_argument("-k", metavar="EXPRESSION", help="which tests, as in pytest")
    parser.add_argument("--accept", action="store_true", help="replace the stored ones")
    given = parser.parse_args(arguments)

    folder = Path(tempfile.mkdtemp(prefix="cassettes-"))
    report = folder / "report.xml"
    status = record(given.url, given.k, folder, report)
    if status not in (0, 1):
        return 2
    failed = dict(failures(report))
    recorded, stored = load(folder), load(CASSETTES)
    found = changes(stored, recorded)
    print("\n".join(lines(found, failed, recorded)))
    print(f"\nThe new cassettes are in {folder}")
    if given.accept:
        accept(folder, CASSETTES)
        print(f"and in {CASSETTES}")
    return int(bool(found or failed))


def record(url: str, expression: str | None, folder: Path, report: Path) -> int:
    """Run the tests that record; return the exit status of pytest.

    Args:
        url: the server's address
        expression: which tests, as in pytest; None for all
        folder: where to put the cassettes
        report: where to put what came of the tests
    """
    command = [sys.executable, "-m", "pytest", "tests/replay", "--record", "--quiet"]
    command += [
        "--cassettes",
        str(folder),
        "--junit-xml",
        str(report),
        "--tb=no",
        "--disable-warnings",
    ]
    command += ["-k", expression] if expression else []
    environment = os.environ | {"CVAT_RECORD_URL": url}
    return subprocess.run(  # noqa: S603  our own tests
        command, cwd=ROOT, env=environment, check=False
    ).returncode


def failures(report: Path) -> Iterator[tuple[str, str]]:
    """Yield name and reason of each test that failed."""
    for case in ET.parse(report).iter("testcase"):  # noqa: S314  pytest wrote it
        for problem in (*case.findall("failure"), *case.findall("error")):
            module = case.get("classname", "").rpartition(".")[2]
            reason = problem.get("message", "").partition("\n")[0]
            yield f"{module}/{case.get('name')}", reason


def load(folder: Path) -> dict[str, Interactions]:
    """Return the interactions of the cassettes in a folder by their names."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return {
        str(path.relative_to(folder).with_suffix("")): yaml.load(
            path.read_text(encoding="utf-8"),
            Loader=loader,  # noqa: S506  a safe one
        )["interactions"]
        for path in sorted(folder.rglob("*.yaml"))
    }


def accept(folder: Path, stored: Path) -> None:
    """Put the cassettes of a folder in the place of those that are stored."""
    for path in folder.rglob("*.yaml"):
        target = stored / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


# ---- what has changed ----


def changes(
    stored: Mapping[str, Interactions], recorded: Mapping[str, Interactions]
) -> Found:
    """Return what has changed in shape.

    Args:
        stored: all cassettes as they were, by name
        recorded: new ones, of the same tests or some of them
    """
    found: Found = defaultdict(list)
    known: dict[str, dict[str, Shape]] = defaultdict(dict)
    for name, interactions in stored.items():
        for body, places in shapes(interactions).items():
            _add(known[_server(name)].setdefault(body, {}), places)
    for name, interactions in recorded.items():
        if name not in stored:
            found["a cassette that is not stored"].append(name)
            continue
        for each in (
            *_changed_requests(stored[name], interactions),
            *_changed_shapes(
                shapes(stored[name]), shapes(interactions), known[_server(name)]
            ),
        ):
            found[each].append(name)
    return dict(found)


def _server(name: str) -> str:
    """Return which server a cassette was recorded from: servers' answers differ."""
    folder = name.partition("/")[0]
    return folder if folder.startswith("cvat-") else ""


def _changed_requests(before: Interactions, after: Interactions) -> Iterator[str]:
    old, new = (_statuses(each) for each in (before, after))
    for name in sorted(old.keys() | new.keys()):
        was, now = old[name], new[name]
        if was.total() != now.total():
            yield f"{name}: sent {was.total()} -> {now.total()} times"
        elif was != now:
            yield f"{name}: answered {_listed(was)} -> {_listed(now)}"


def _statuses(interactions: Interactions) -> defaultdict[str, Counter[int]]:
    """Return how often each request, without values, was answered with each status."""
    counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for each in interactions:
        request = each["request"]
        query = urllib.parse.urlsplit(request["uri"]).query
        names = sorted(dict(urllib.parse.parse_qsl(query, keep_blank_values=True)))
        name = endpoint(request["method"], request["uri"])
        name += f"?{'&'.join(names)}" if names else ""
        counts[name][each["response"]["status"]["code"]] += 1
    return counts


def shapes(interactions: Interactions) -> dict[str, Shape]:
    """Return the shapes of what is sent and answered, by endpoint and status."""
    found: dict[str, Shape] = {}
    for each in interactions:
        request, response = each["request"], each["response"]
        name = endpoint(request["method"], request["uri"])
        _add(found.setdefault(f"{name} sends", {}), shape(request["body"]))
        answered = f"{name} answers {response['status']['code']}"
        if "json" in response["body"]:
            _add(found.setdefault(answered, {}), shape(response["body"]["json"]))
    return found


def shape(value: Any, place: str = "") -> Shape:
    """Return the kinds of a JSON value and of all within it, by their places.

    Args:
        value: any JSON
        place: the value's own place: keys behind dots, ``[]`` for the items of a list
    """
    found: Shape = {place: {KINDS[type(value)]}}
    if isinstance(value, dict):
        for key, each in value.items():
            _add(found, shape(each, f"{place}.{key}"))
    elif isinstance(value, list):
        for each in value:
            _add(found, shape(each, f"{place}[]"))
    return found


def _add(found: Shape, more: Shape) -> None:
    for place, kinds in more.items():
        found.setdefault(place, set()).update(kinds)


def _changed_shapes(
    before: Mapping[str, Shape],
    after: Mapping[str, Shape],
    known: Mapping[str, Shape],
) -> Iterator[str]:
    for body in sorted(before.keys() & after.keys()):
        old, new, ever = before[body], after[body], known[body]
        for place in sorted(old.keys() | new.keys()):
            name = place.removeprefix(".") or "the body"
            if place not in new:
                if _is_key_of(place, new):
                    yield f"{body}: '{name}' is gone"
            elif place not in ever:
                if _is_key_of(place, ever):
                    yield f"{body}: '{name}' is new: {_listed(new[place])}"
            elif new[place] - ever[place]:
                was = old.get(place, ever[place])
                yield f"{body}: '{name}' was {_listed(was)}, is {_listed(new[place])}"


def _is_key_of(place: str, others: Shape) -> bool:
    """Tell whether a place is a key of an object that is there in another shape.

    An empty list has no items, and null no keys: that is a value.
    """
    parent, dot, _ = place.rpartition(".")
    return bool(dot) and not place.endswith("[]") and "object" in others.get(parent, ())


def _listed(values: Any) -> str:
    """Return values, or how often each is there, as text."""
    if isinstance(values, Counter):
        return ", ".join(f"{key} ({n}x)" for key, n in sorted(values.items()))
    return " or ".join(sorted(values))


def lines(
    found: Found, failed: Mapping[str, str], recorded: Mapping[str, Interactions]
) -> Iterator[str]:
    """Yield what has changed, line by line, and where to look."""
    touched = {name for names in found.values() for name in names}
    yield f"\n{len(recorded)} cassettes recorded, {len(touched)} of another shape"
    for what, names in sorted(found.items()):
        yield f"\n{what}"
        yield from (f"    {name}" for name in names[:SHOWN])
        if len(names) > SHOWN:
            yield f"    and {len(names) - SHOWN} more"
    if failed:
        yield f"\n{len(failed)} tests failed and recorded nothing"
        yield from (f"    {name}: {reason}" for name, reason in failed.items())


if __name__ == "__main__":
    sys.exit(main())
