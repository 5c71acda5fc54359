"""Replay every cassette with several versions of cvat-sdk, and tell what breaks.

    python scripts/sdk_matrix.py                    # the floor and each minor since
    python scripts/sdk_matrix.py --latest           # and what came out meanwhile
    python scripts/sdk_matrix.py 2.48.1 2.80.0      # these only
    python scripts/sdk_matrix.py --surface          # only the names, no replay

Run it in an environment of the extra ``test``. Each version is installed by pip into a
folder of its own, which goes before everything else, without its dependencies: whether
this environment has them is checked and told. First comes the **surface**: every name
of the SDK that the package touches, found in its code, and which versions have it, so
that what an upgrade breaks is named before anything runs. The status is 1 if a test
fails or a name is missing.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

from tables import write_table

__all__ = ["Outcome", "main", "missing_names", "surface"]

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "fiftyone_cvat"
SDK = "cvat_sdk"
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]

KNOWN = [
    f"2.{minor}"
    for minor in (
        *("48.1", "49.0", "50.0", "51.0", "52.0", "53.0", "54.0", "55.0", "56.1"),
        *("57.0", "58.0", "59.1", "60.0", "61.0", "62.0", "63.0", "64.0", "65.0"),
        *("66.0", "67.0", "68.0", "69.0", "70.0", "71.0", "73.0", "74.1", "75.0"),
        *("76.0", "77.0", "78.0", "79.0", "80.0"),
    )
]
"""The floor of pyproject.toml, and the last release of each minor version since."""

CLIENT = f"{SDK}.core.client.Client"
HELD = {"self._client": CLIENT}
"""Expressions in our code that hold an object of the SDK, and its class."""

PASSED_ON = {
    f"{CLIENT}.api_client",
    f"{CLIENT}.api_client.auth_api",
    f"{CLIENT}.api_client.configuration",
    f"{CLIENT}.api_client.rest_client",
}
"""Attributes that are objects of the SDK themselves: what is used of them counts."""

FIELDS = {
    f"{SDK}.api_client.models.LoginSerializerExRequest": (
        "email",
        "password",
        "username",
    ),
}
"""Fields of models that are given as ``**fields``, whose names no call shows."""


@dataclass
class Outcome:
    """What came of one version.

    Attributes:
        version: the version of cvat-sdk
        missing: what is missing of the surface, with the reason
        unmet: dependencies of this version that this environment does not meet
        passed: how many tests passed, by workflow
        failed: why tests failed, by workflow
    """

    version: str
    missing: dict[str, str] = field(default_factory=dict)
    unmet: list[str] = field(default_factory=list)
    passed: Counter[str] = field(default_factory=Counter)
    failed: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether nothing is missing and no test failed."""
        return not (self.missing or self.failed)


# ---- the surface ----


def surface(sources: Path = SOURCES) -> list[str]:
    """Return every name of the SDK that a package's code touches.

    Args:
        sources: the package's folder

    Returns:
        dotted names, sorted. A call is noted with what it is given: ``_`` for each
        positional argument, ``name=`` for each keyword. The field of a model is noted
        as ``Model{field}``.
    """
    found: set[str] = set()
    for path in sorted(sources.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = dict(_imported(tree))
        found |= set(names.values())
        if names:
            _Uses(names, found).visit(tree)
    for model, fields in FIELDS.items():
        if model in {name.partition("(")[0] for name in found}:
            found |= {f"{model}{{{each}}}" for each in fields}
    return sorted(found)


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield what is imported from the SDK: our name of it, and its own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(SDK):
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] == SDK:
                    yield alias.asname or SDK, alias.name if alias.asname else SDK


class _Uses(ast.NodeVisitor):
    """Collects what is used of imported names, and of objects that come from them."""

    def __init__(self, names: dict[str, str], found: set[str]) -> None:
        self._names = names
        self._found = found

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        outer, self._names = self._names, dict(self._names)
        self.generic_visit(node)
        self._names = outer

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        held = self._held(node.value)
        for target in node.targets:
            if held and isinstance(target, ast.Name):
                self._names[target.id] = held

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.generic_visit(node)
        name = self._name(node)
        if name and name != CLIENT:
            self._found.add(name)

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        name = self._name(node.func)
        if not name:
            return
        if any(isinstance(each, ast.Starred) for each in node.args) or any(
            each.arg is None for each in node.keywords
        ):
            return  # what is given is not known here: see FIELDS
        given = ["_"] * len(node.args) + [f"{each.arg}=" for each in node.keywords]
        self._found.add(f"{name}({', '.join(given)})")

    def _held(self, value: ast.expr) -> str | None:
        """Return the SDK's name for an object that a variable is set to."""
        if isinstance(value, ast.Call):
            name = self._name(value.func)
            return name if name == CLIENT else None
        name = self._name(value)
        return name if name in PASSED_ON else None

    def _name(self, node: ast.expr) -> str | None:
        """Return the SDK's dotted name for an expression, or None."""
        if isinstance(node, ast.Name):
            return self._names.get(node.id)
        if not isinstance(node, ast.Attribute):
            return None
        text = ast.unparse(node)
        if text in HELD:
            return HELD[text]
        base = self._name(node.value)
        if base is None:
            return None
        is_object = base.startswith(f"{CLIENT}.") and base not in PASSED_ON
        return None if is_object else f"{base}.{node.attr}"


PROBE = r"""
import importlib, inspect, json, sys

def probe(text, client):
    path, _, given = text.partition("(")
    path, _, model_field = path.partition("{")
    parts = path.split(".")
    for end in range(len(parts), 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:end]))
            break
        except ModuleNotFoundError as error:
            if not ".".join(parts[:end]).startswith(error.name):
                raise
    for number, part in enumerate(parts[end:], end):
        value = getattr(value, part)
        if part == "Client" and number + 1 < len(parts):
            value = client()
    if model_field and model_field.rstrip("}") not in value.attribute_map:
        raise AttributeError("no such field")
    if given:
        names = [each for each in given.rstrip(")").split(", ") if each]
        keywords = {each[:-1]: None for each in names if each != "_"}
        signature = inspect.signature(value)
        signature.bind(*[None] * names.count("_"), **keywords)
        for name in keywords.keys() - signature.parameters.keys():
            raise TypeError(f"no parameter '{name}'")  # **kwargs takes anything

def client():
    from cvat_sdk.core.client import Client
    return Client("http://127.0.0.1", check_server_version=False)

missing = {}
for text in json.load(sys.stdin):
    try:
        probe(text, client)
    except (ImportError, AttributeError, TypeError, KeyError) as error:
        missing[text] = f"{type(error).__name__}: {error}"
print(json.dumps(missing))
"""
"""Runs in a process of its own: it imports the version that stands first in its path.
A ``Client`` that checks no version sends nothing."""


def missing_names(names: list[str], folder: Path) -> dict[str, str]:
    """Return which names an installed SDK does not have.

    Args:
        names: as :func:`surface` returns them
        folder: what holds ``cvat_sdk``

    Returns:
        the reason, by name
    """
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", PROBE],
        input=json.dumps(names),
        env=_environment(folder),
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode:
        return {SDK: done.stderr.strip().rpartition("\n")[2]}
    missing: dict[str, str] = json.loads(done.stdout.strip().rpartition("\n")[2])
    return missing


# ---- versions ----


def _newer() -> list[str]:
    """Ask the registry for the last releases of minor versions after the known ones."""
    asked = [*PIP, "index", "versions", "cvat-sdk"]
    done = subprocess.run(asked, capture_output=True, check=True, text=True)  # noqa: S603
    line = next(
        each for each in done.stdout.splitlines() if "Available versions:" in each
    )
    listed = [Version(each) for each in line.partition(":")[2].split(",")]
    last = {each.release[:2]: each for each in sorted(listed)}
    known = Version(KNOWN[-1])
    return [str(each) for each in last.values() if each > known]


def _install(number: str, folder: Path) -> Path:
    target = folder / f"cvat-sdk-{number}"
    if not (target / SDK).is_dir():
        arguments = ["install", "-qq", "--no-deps", "--target", str(target)]
        subprocess.run([*PIP, *arguments, f"cvat-sdk=={number}"], check=True)  # noqa: S603
    return target


def _unmet(folder: Path) -> list[str]:
    """Return what the SDK in a folder depends on and this environment has not."""
    (found,) = distributions(name="cvat-sdk", path=[str(folder)])
    unmet = []
    for each in map(Requirement, found.requires or ()):
        if each.marker and not each.marker.evaluate({"extra": ""}):
            continue
        try:
            has = version(each.name)
        except PackageNotFoundError:
            unmet.append(f"{each} (not installed)")
            continue
        if not each.specifier.contains(has, prereleases=True):
            unmet.append(f"{each} (installed: {has})")
    return unmet


def _environment(folder: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT / 'src'}"}


def _replay(outcome: Outcome, folder: Path) -> None:
    """Run the recorded tests, and note what came of them."""
    report = folder / "report.xml"
    report.unlink(missing_ok=True)
    arguments = ["-q", "-W", "ignore", "-p", "no:cacheprovider", f"--junitxml={report}"]
    done = subprocess.run(  # noqa: S603  our own tests
        [sys.executable, "-m", "pytest", "tests/replay", *arguments],
        cwd=ROOT,
        env=_environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
    )
    if not report.is_file():
        outcome.failed["all"] = [done.stdout.strip().rpartition("\n")[2]]
        return
    for case in ET.parse(report).iter("testcase"):  # noqa: S314  pytest wrote it
        place = case.get("classname") or case.get("name") or ""
        workflow = place.rpartition("test_")[2].replace("_", " ")
        problem = next(
            (each for each in case if each.tag in ("failure", "error")), None
        )
        if problem is not None:
            words = (problem.get("message") or "").partition("\n")[0][:200]
            reasons = outcome.failed.setdefault(workflow, [])
            reasons.append(f"{case.get('name')}: {words}")
        elif case.find("skipped") is None:
            outcome.passed[workflow] += 1


# ---- what is printed ----


def to_text(outcomes: list[Outcome], names: list[str], *, replayed: bool) -> str:
    """Return the surface and the table version x workflow, for a terminal."""
    lines = ["Surface (versions that have it):"]
    lines += [f"  {name}: {_span(name, outcomes)}" for name in names]
    for each in outcomes:
        lines += [f"  {line}" for line in _lacking(each)]
        lines += [f"  {each.version} depends on {unmet}" for unmet in each.unmet]
    if not replayed:
        return "\n".join(lines)
    workflows = sorted(
        {name for each in outcomes for name in (*each.passed, *each.failed)}
    )
    lines += ["", "Tests passed by version and workflow (F: failed):"]
    lines += [f"  {number:>2} {name}" for number, name in enumerate(workflows, 1)]
    head = "".join(f"{number:>5}" for number in range(1, len(workflows) + 1))
    lines += ["", f"{'':<10}{head}"]
    for each in outcomes:
        cells = [
            f"F{len(each.failed[name])}"
            if name in each.failed
            else f"{each.passed[name]}"
            for name in workflows
        ]
        lines.append(f"{each.version:<10}" + "".join(f"{cell:>5}" for cell in cells))
    for each in outcomes:
        for name, reasons in each.failed.items():
            lines += [f"{each.version}, {name}: {reason}" for reason in reasons]
    return "\n".join(lines)


def to_markdown(outcomes: list[Outcome], *, replayed: bool) -> str:
    """Return one line a version: names, workflows, tests, and what is wrong."""
    lines = [
        "| cvat-sdk | names missing | workflows passed | tests passed | failed |",
        "|---|---|---|---|---|",
    ]
    for each in outcomes:
        workflows = {*each.passed, *each.failed}
        good = f"{len(workflows) - len(each.failed)} of {len(workflows)}"
        failed = "; ".join(
            f"{name} ({len(reasons)})" for name, reasons in sorted(each.failed.items())
        )
        missing = ", ".join(f"`{name}`" for name in list(each.missing)[:3]) or "none"
        if len(each.missing) > 3:  # noqa: PLR2004  the text has them all
            missing += f" and {len(each.missing) - 3} more"
        cells = [good, str(each.passed.total()), failed or "none"]
        if not replayed:
            cells = ["not run"] * 3
        lines.append(f"| {each.version} | {missing} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _lacking(outcome: Outcome) -> Iterator[str]:
    """Yield a line for each reason for which names are missing."""
    for why in dict.fromkeys(outcome.missing.values()):
        names = [name for name, reason in outcome.missing.items() if reason == why]
        yield f"{outcome.version} lacks {', '.join(names)} ({why})"


def _span(name: str, outcomes: list[Outcome]) -> str:
    having = [
        each.version for each in outcomes if not {name, SDK} & each.missing.keys()
    ]
    if len(having) == len(outcomes):
        return f"all, {having[0]} to {having[-1]}"
    return f"first {having[0]}, last {having[-1]}" if having else "none"


def main(arguments: list[str] | None = None) -> int:
    """Try the versions and print what came of them; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("versions", nargs="*", help="versions of cvat-sdk")
    parser.add_argument("--latest", action="store_true", help="ask pip for newer ones")
    parser.add_argument("--surface", action="store_true", help="no replay")
    parser.add_argument("--folder", type=Path, help="keep what is installed here")
    parser.add_argument("--markdown", type=Path, help="write the table here, too")
    parser.add_argument(
        "--page", action="store_true", help="write it to README.md beside this, too"
    )
    parser.add_argument("--json", type=Path, help="write everything here, too")
    given = parser.parse_args(arguments)
    numbers = [*(given.versions or KNOWN), *(_newer() if given.latest else [])]
    numbers.sort(key=Version)
    replayed = not given.surface
    with tempfile.TemporaryDirectory(prefix="sdk-matrix-") as scratch:
        folder = (given.folder or Path(scratch)).resolve()
        names = surface()
        folders = {number: _install(number, folder) for number in numbers}
        outcomes = []
        for number, place in folders.items():
            missing = missing_names(names, place)
            outcomes.append(Outcome(number, missing, _unmet(place)))
            for line in _lacking(outcomes[-1]):
                print(line, file=sys.stderr, flush=True)
        for each in outcomes if replayed else ():
            _replay(each, folders[each.version])
            failures = sum(map(len, each.failed.values()))
            words = f"{each.passed.total()} passed, {failures} failed"
            print(f"{each.version}: {words}", file=sys.stderr, flush=True)
    print(to_text(outcomes, names, replayed=replayed))
    markdown = to_markdown(outcomes, replayed=replayed)
    print(f"\n{markdown}")
    if given.markdown:
        given.markdown.write_text(f"{markdown}\n", encoding="utf-8")
    if given.page:
        today = datetime.now(UTC).date().isoformat()
        write_table("versions of cvat-sdk", f"{today}\n\n{markdown}")
    if given.json:
        spans = {name: _span(name, outcomes) for name in names}
        versions = [asdict(each) | {"passed": dict(each.passed)} for each in outcomes]
        content = {"surface": spans, "versions": versions}
        given.json.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return 0 if all(each.is_good for each in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
