"""The script that tries versions of cvat-sdk: what is used of it, and what breaks."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from pathlib import Path

import cvat_sdk
import pytest
from packaging.requirements import Requirement

from tests.scripts import loaded

ROOT = Path(__file__).parents[2]
SDK_CLIENT = ROOT / "src" / "fiftyone_cvat" / "transport" / "sdk_client.py"
CLIENT = "cvat_sdk.core.client.Client"
LOGIN = "cvat_sdk.api_client.models.LoginSerializerExRequest"


@pytest.fixture(scope="module")
def matrix():
    with loaded("sdk_matrix") as module:
        yield module


@pytest.fixture(scope="module")
def names(matrix):
    return matrix.surface()


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A folder with a copy of the installed SDK, to break."""
    folder = tmp_path_factory.mktemp("sdk")
    installed = Path(cvat_sdk.__file__).parent
    shutil.copytree(installed, folder / "cvat_sdk")
    (metadata,) = installed.parent.glob("cvat_sdk-*.dist-info")
    shutil.copytree(metadata, folder / metadata.name)
    return folder


@pytest.fixture
def break_sdk(copied, monkeypatch):
    """Replace a text in a module of the copy; undone after the test."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    whole = {}

    def replace(module, old, new):
        path = copied / "cvat_sdk" / module
        text = path.read_text(encoding="utf-8")
        whole.setdefault(path, text)
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        return copied

    yield replace
    for path, text in whole.items():
        path.write_text(text, encoding="utf-8")


# ---- the surface ----


def test_surface_is_what_the_code_uses(names):
    code = SDK_CLIENT.read_text(encoding="utf-8")
    used = re.findall(r"self\._client\.([a-z_]+(?:\.[a-z_]+)?)\b", code)
    used += [f"api_client.{each}" for each in re.findall(r"\bapi\.([a-z_]+)", code)]
    used += [
        f"api_client.configuration.{each}"
        for each in re.findall(r"\bconfiguration\.([a-z_]+)", code)
    ]

    assert len(used) > 20
    for each in used:
        assert f"{CLIENT}.{each}" in names


@pytest.mark.parametrize(
    "name",
    [
        "cvat_sdk.api_client.models",
        "cvat_sdk.core.client.AccessTokenCredentials(_)",
        f"{CLIENT}(_, config=, check_server_version=)",
        f"{CLIENT}.api_client.auth_api.create_login",
        f"{CLIENT}.api_client.update_params_for_auth(_, _, _, _, _, _)",
        f"{LOGIN}{{email}}",
    ],
)
def test_surface_holds(names, name):
    assert name in names


def test_fields_are_those_that_the_code_gives(matrix):
    code = SDK_CLIENT.read_text(encoding="utf-8")
    given = set(re.findall(r'\bwho\["(\w+)"\]', code)) | {"password"}

    assert 'who: dict[str, str] = {"password":' in code
    assert set(matrix.FIELDS[LOGIN]) == given


def test_surface_of_other_code(matrix, tmp_path):
    (tmp_path / "a.py").write_text(
        "import cvat_sdk.masks as m\n"
        "from cvat_sdk.core.client import Client as C\n"
        "from elsewhere import other\n"
        "def f(x):\n"
        "    made = C(x)\n"
        "    made.tasks.list()\n"
        "    m.encode_mask(x, bbox=x)\n"
        "    other.api(x)\n"
        "def g(made):\n"
        "    made.users\n"
    )

    assert matrix.surface(tmp_path) == [
        CLIENT,
        f"{CLIENT}(_)",
        f"{CLIENT}.tasks",
        "cvat_sdk.masks",
        "cvat_sdk.masks.encode_mask",
        "cvat_sdk.masks.encode_mask(_, bbox=)",
    ]


# ---- what an SDK lacks ----


def test_whole_sdk(matrix, names, copied):
    assert matrix.missing_names(names, copied) == {}


AUTH = f"{CLIENT}.api_client.update_params_for_auth"
SIGN_IN = f"{CLIENT}.api_client.auth_api.create_login"


@pytest.mark.parametrize(
    ("module", "old", "new", "missing"),
    [
        (
            "api_client/models/__init__.py",
            "import LoginSerializerExRequest, ",
            "import ",
            {
                LOGIN,
                *(f"{LOGIN}{{{each}}}" for each in ("email", "password", "username")),
            },
        ),
        (
            "api_client/model/login_serializer_ex_request.py",
            "'email': 'email',",
            "'mail': 'email',",
            {f"{LOGIN}{{email}}"},
        ),
        (
            "api_client/api_client.py",
            "def get_common_headers",
            "def common_headers",
            {
                f"{CLIENT}.api_client.get_common_headers",
                f"{CLIENT}.api_client.get_common_headers()",
            },
        ),
        (
            "api_client/api_client.py",
            "request_host: typing.Optional[str] = None,",
            "*, request_host: str,",
            {f"{AUTH}(_, _, _, _, _, _)"},
        ),
        (
            "api_client/api/auth_api.py",
            "_request_timeout: typing.Union[int, float, tuple] = None",
            "_timeout: typing.Union[int, float, tuple] = None",
            {f"{SIGN_IN}(_, _request_timeout=, _parse_response=, _check_status=)"},
        ),
    ],
    ids=["class", "field", "method", "new parameter", "renamed parameter"],
)
def test_broken_sdk(matrix, names, break_sdk, module, old, new, missing):
    folder = break_sdk(module, old, new)

    assert set(matrix.missing_names(names, folder)) == missing


def test_sdk_that_does_not_start(matrix, names, break_sdk):
    folder = break_sdk("core/client.py", "class Client", "1 / 0\n\n\nclass Client")

    assert "ZeroDivisionError" in matrix.missing_names(names, folder)["cvat_sdk"]


# ---- the script ----


def test_floor(matrix):
    with (ROOT / "pyproject.toml").open("rb") as file:
        needed = map(Requirement, tomllib.load(file)["project"]["dependencies"])
    (floor,) = [str(each.specifier) for each in needed if each.name == "cvat-sdk"]

    assert floor == f">={matrix.KNOWN[0]}"
    assert len({each.rpartition(".")[0] for each in matrix.KNOWN}) == len(matrix.KNOWN)


def test_breakage_is_named_before_anything_runs(
    matrix, break_sdk, monkeypatch, capsys, tmp_path
):
    folder = break_sdk("core/client.py", "def login(", "def sign_in(")
    monkeypatch.setattr(matrix, "_install", lambda number, where: folder)
    report = tmp_path / "report.json"

    status = matrix.main(["9.9.0", "--surface", "--json", str(report)])

    assert status == 1
    output = capsys.readouterr()
    assert f"9.9.0 lacks {CLIENT}.login" in output.err
    assert f"{CLIENT}.login: none" in output.out
    assert f"| 9.9.0 | `{CLIENT}.login`" in output.out
    content = json.loads(report.read_text())
    assert f"{CLIENT}.login" in content["versions"][0]["missing"]
    assert content["surface"][f"{CLIENT}.close"] == "all, 9.9.0 to 9.9.0"


@pytest.mark.parametrize("fails", [False, True])
def test_replay(matrix, copied, monkeypatch, capsys, tmp_path, fails):
    tests = tmp_path / "tests" / "replay"
    tests.mkdir(parents=True)
    (tests / "test_two_words.py").write_text(
        f"def test_a(): pass\ndef test_b(): assert not {fails}, 'what went wrong'\n"
    )
    monkeypatch.setattr(matrix, "ROOT", tmp_path)
    monkeypatch.setattr(matrix, "_install", lambda number, where: copied)

    report = tmp_path / "report.json"

    status = matrix.main(["2.80.0", "--json", str(report)])

    output = capsys.readouterr().out
    assert status == int(fails)
    (content,) = json.loads(report.read_text())["versions"]
    assert content["passed"] == {"two words": 1 if fails else 2}
    assert list(content["failed"]) == (["two words"] if fails else [])
    if fails:
        assert "2.80.0, two words: test_b: AssertionError: what went wrong" in output
        assert "| 2.80.0 | none | 0 of 1 | 1 | two words (1) |" in output
    else:
        assert "| 2.80.0 | none | 1 of 1 | 2 | none |" in output


def test_unmet_dependencies(matrix, tmp_path):
    folder = tmp_path / "cvat_sdk-1.0.dist-info"
    folder.mkdir()
    needed = ["pytest>=1", "pytest>=999", "no-such-package", 'other; extra == "x"']
    lines = ["Metadata-Version: 2.1", "Name: cvat-sdk", "Version: 1.0"]
    lines += [f"Requires-Dist: {each}" for each in needed]
    (folder / "METADATA").write_text("\n".join(lines))

    unmet = matrix._unmet(tmp_path)

    assert unmet == [
        f"pytest>=999 (installed: {pytest.__version__})",
        "no-such-package (not installed)",
    ]
