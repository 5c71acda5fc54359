"""The rooms of the package: imports go downwards only, and every module has a room."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "fiftyone_cvat"
NAME = "fiftyone_cvat"

# From top to bottom. A module may import what stands in a line below its own; what
# stands in one line is independent of each other.
ROOMS = [
    {"__main__"},
    {"plugin"},
    {"cli"},
    {"commands"},
    {"demo", "doctor"},
    {"workflows"},
    {"backend"},
    {"review"},
    {"api"},
    {"download"},
    {"upload"},
    {"dataset"},
    {"server"},
    {"convert", "transport"},
    {"runs"},
    {"geometry"},
    {"console", "errors", "types"},
]
# The two directions never meet; what both use imports neither.
SIDES = {"to_cvat": {"shared"}, "from_cvat": {"shared"}, "shared": set()}
SDK = {"transport.sdk_client": "cvat_sdk"}
MAX_LINES = 500


def module_name(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


TREES = {
    module_name(path): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
    if path != PACKAGE / "__init__.py"
}
each_module = pytest.mark.parametrize("module", TREES)


def is_for_types(node):
    """Tell whether a block names the facade, which is given to what it calls."""
    return isinstance(node, ast.If) and ast.unparse(node) == (
        "if TYPE_CHECKING:\n    from fiftyone_cvat.api import CVATAnnotationAPI"
    )


def imports(module):
    """Yield the full names of what a module imports, also inside of functions."""
    named = [n for n in TREES[module].body if is_for_types(n)]
    for node in set(ast.walk(TREES[module])) - {each.body[0] for each in named}:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_imports(module):
    """Yield the modules of this package that a module imports."""
    for name in imports(module):
        room, _, inside = name.partition(".")
        if room == NAME:
            yield inside if inside in TREES else inside.rpartition(".")[0]


def level(name, layers):
    found = [number for number, names in enumerate(layers) if name in names]
    assert found, f"'{name}' has no room: put it into the table above"
    return found[0]


@each_module
def test_imports_go_downwards(module):
    room = module.partition(".")[0]
    for other in own_imports(module):
        below = other.partition(".")[0]
        if below != room:
            assert level(room, ROOMS) < level(below, ROOMS), f"{module} imports {other}"
    level(room, ROOMS)


@pytest.mark.parametrize("module", [n for n in TREES if n.startswith("convert.")])
def test_directions_do_not_meet(module):
    side = module.split(".")[1]
    for other in own_imports(module):
        if other.startswith("convert."):
            assert other.split(".")[1] in {side, *SIDES[side]}, f"it imports {other}"


def test_modules_import_each_other_in_one_order():
    """No circle of imports inside of a room, or through several."""
    graph = {module: set(own_imports(module)) & TREES.keys() for module in TREES}
    TopologicalSorter(graph).prepare()


@each_module
def test_sdk_stays_in_its_room(module):
    allowed = SDK.get(module, "nothing")
    used = [name for name in imports(module) if name.partition(".")[0] == "cvat_sdk"]

    assert all(f"{name}.".startswith(f"{allowed}.") for name in used), used


@each_module
def test_style(module):
    nodes = list(ast.walk(TREES[module]))
    calls = [node.func for node in nodes if isinstance(node, ast.Call)]
    prints = [call for call in calls if getattr(call, "id", "") == "print"]
    handlers = [node for node in nodes if isinstance(node, ast.ExceptHandler)]

    assert max(getattr(node, "end_lineno", 0) for node in nodes) <= MAX_LINES
    assert not prints or module == "cli", "print belongs into cli"
    assert all(handler.type for handler in handlers), "a bare except"


def test_import_is_light():
    code = (
        f"import sys, {NAME}; dir({NAME}); "
        "print({'fiftyone', 'cvat_sdk', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert done.stdout.decode().strip() == "set()"
