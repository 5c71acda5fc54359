"""The command line: help, version, options, credentials, errors in one line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

import fiftyone_cvat
from fiftyone_cvat import cli
from fiftyone_cvat.convert.from_cvat.reconciliation import Reconciliation
from fiftyone_cvat.errors import (
    CertificateError,
    ConfigurationError,
    CVATError,
    UnreachableError,
)
from fiftyone_cvat.workflows import watching
from fiftyone_cvat.workflows.watching import LoadedJobs

# the modules, which have the names of their commands
demo_command = sys.modules["fiftyone_cvat.commands.demo"]
status_command = sys.modules["fiftyone_cvat.commands.status"]

URL = "https://cvat.example.com"
COMMANDS = [
    *("demo", "doctor", "plan", "status", "watch", "resume", "attach", "import"),
]
SERVER = (
    *("url", "username", "password", "email", "access-token", "organization"),
    *("verify-ssl / --no-verify-ssl", "ca-bundle"),
)
KEYWORDS = {
    *("url", "username", "password", "email", "access_token", "organization"),
    "verify_ssl",
}
HEAVY = {"PIL", "cvat_sdk", "fiftyone", "numpy", "vcr", "yaml"}


@pytest.fixture
def run():
    runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    return lambda *arguments, **kwargs: runner.invoke(cli.app, arguments, **kwargs)


@pytest.fixture
def started(monkeypatch):
    """The servers that the demo was started with."""
    servers = []
    monkeypatch.setattr(
        demo_command, "run", lambda server, output, *, keep: servers.append(server)
    )
    return servers


def test_help(run):
    result = run("--help")

    assert result.exit_code == 0
    assert "demo" in result.output


def test_help_of_demo(run):
    result = run("demo", "--help")

    assert result.exit_code == 0
    for option in ("url", "username", "password", "email", "access-token", "keep"):
        assert f"--{option} " in result.output
    for option in ("organization", "verify-ssl", "no-verify-ssl", "ca-bundle"):
        assert f"--{option} " in result.output
    assert "demo-output" in result.output


def test_nothing_shows_help(run):
    assert "demo" in run().output


def test_version(run):
    from importlib.metadata import version

    result = run("--version")

    assert result.exit_code == 0
    assert result.output == f"fiftyone-cvat {version('fiftyone-cvat')}\n"
    assert fiftyone_cvat.__version__ == version("fiftyone-cvat")


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom fiftyone_cvat import cli\n"
        "for name in ('demo', 'doctor'):\n"
        "    cli.app([name, '--help'], standalone_mode=False)\n"
        f"print({HEAVY} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert done.stdout.decode().splitlines()[-1] == "set()"


@pytest.mark.parametrize(
    "arguments",
    [
        ("dmeo",),
        ("demo", "--no-such-option"),
        ("demo", "extra"),
        ("demo", "--url"),
        ("demo", "--url", URL, "--access-token", "t", "--ca-bundle", "/no/such/file"),
        ("demo", "--output", __file__),
    ],
    ids=["command", "option", "argument", "value", "bundle", "output"],
)
def test_bad_usage(run, started, arguments):
    assert run(*arguments).exit_code == 2
    assert not started


@pytest.mark.parametrize(
    "option",
    [
        ("--username", "me"),
        ("--access-token", "secret"),
        ("--organization", "team"),
        ("--keep",),
        ("--no-verify-ssl",),
    ],
    ids=lambda option: option[0],
)
def test_server_options_need_a_server(run, started, option):
    result = run("demo", *option)

    assert result.exit_code == 2
    assert "--url" in result.output
    assert "secret" not in result.output
    assert not started


def test_replay_does_not_mind_the_environment(run, started):
    result = run("demo", env={"FIFTYONE_CVAT_USERNAME": "me", "CVAT_URL": URL})

    assert result.exit_code == 0
    assert started == [None]


def test_credentials_are_needed(run, started):
    result = run("demo", "--url", URL, "--username", "me")

    assert result.exit_code == 2
    assert "--password" in result.output
    assert not started


BY_PASSWORD = {"username": "me", "email": None, "password": "p", "access_token": None}
BY_TOKEN = {"username": None, "email": None, "password": None, "access_token": "t"}
IN_ENVIRONMENT = {
    "FIFTYONE_CVAT_USERNAME": "other",
    "FIFTYONE_CVAT_PASSWORD": "other",
    "FIFTYONE_CVAT_ACCESS_TOKEN": "other",
}


@pytest.mark.parametrize("environment", [{}, IN_ENVIRONMENT], ids=["empty", "full"])
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--username", "me", "--password", "p"), BY_PASSWORD),
        (("--access-token", "t"), BY_TOKEN),
        (
            ("--email", "me@example.com", "--password", "p"),
            BY_PASSWORD | {"username": None, "email": "me@example.com"},
        ),
    ],
    ids=["username", "token", "email"],
)
def test_command_line_goes_before_the_environment(
    run, started, environment, arguments, expected
):
    result = run("demo", "--url", URL, *arguments, env=environment)

    assert result.exit_code == 0, result.output
    (server,) = started
    assert {name: server[name] for name in expected} == expected


def test_token_of_the_environment(run, started):
    assert run("demo", "--url", URL, env=IN_ENVIRONMENT).exit_code == 0
    assert started[0]["access_token"] == "other"
    assert started[0]["password"] is None


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [((), True), (("--no-verify-ssl",), False), (("--ca-bundle", __file__), __file__)],
    ids=["default", "off", "bundle"],
)
def test_verify_ssl(run, started, arguments, expected):
    run("demo", "--url", URL, "--access-token", "t", *arguments)

    assert started[0].get("verify_ssl", True) == expected


def test_password_is_asked_for(run, started, monkeypatch):
    monkeypatch.setattr(
        demo_command, "sys", SimpleNamespace(stdin=SimpleNamespace(isatty=bool))
    )
    assert run("demo", "--url", URL, "--username", "me").exit_code == 2
    terminal = SimpleNamespace(isatty=lambda: True)
    monkeypatch.setattr(demo_command, "sys", SimpleNamespace(stdin=terminal))

    result = run("demo", "--url", URL, "--username", "me", input="p\n")

    assert result.exit_code == 0
    assert "Password of me" in result.output
    assert started[0]["password"] == "p"


@pytest.mark.parametrize(
    "command", [["status"], ["watch"], ["watch", "--once"], ["resume"], ["attach"]]
)
def test_what_is_not_there(run, dataset, command):
    more = ["1=2"] if command == ["attach"] else []
    for arguments, words in [
        (("nowhere", "run"), "FiftyOne has no dataset 'nowhere'"),
        ((dataset.name, "run"), "no annotation run 'run'; it has none"),
    ]:
        result = run(*command, *arguments, *more)
        assert result.exit_code == 1
        assert isinstance(result.exception, ConfigurationError)
        assert words in str(result.exception)


@pytest.mark.parametrize("command", ["status", "watch"])
def test_ctrl_c_while_a_watch_starts(run, dataset, monkeypatch, command):
    def interrupt(name):
        raise KeyboardInterrupt

    module = sys.modules[f"fiftyone_cvat.commands.{command}"]
    monkeypatch.setattr(module, "named_dataset", interrupt)
    option = {"status": "--watch", "watch": "--every"}[command]

    result = run(command, dataset.name, "run", option, "5")

    assert result.exit_code == 0
    assert result.output == ""


def test_ctrl_c_before_a_status_is_shown(run, dataset, monkeypatch):
    """Who asks once and gets nothing is told by the exit status."""

    def interrupt():
        raise KeyboardInterrupt

    results = SimpleNamespace(job_status=interrupt)
    monkeypatch.setattr(status_command, "_results_of", lambda *_: results)

    assert run("status", dataset.name, "run").exit_code != 0


def test_nothing_is_watched_that_is_not_there(run, dataset):
    result = run("watch", dataset.name, "run")

    assert result.exit_code == 1
    assert "Watching" not in result.output


def test_runs_that_are_not_there_for_functions(dataset):
    for call in (
        lambda: fiftyone_cvat.adopt_run(dataset, "run"),
        lambda: fiftyone_cvat.resume(dataset, "run"),
        lambda: fiftyone_cvat.attach(dataset, "run", {1: 2}),
        lambda: fiftyone_cvat.load(dataset, "run"),
        lambda: fiftyone_cvat.watch(dataset, "run"),  # at once, not with its first
    ):
        with pytest.raises(ConfigurationError, match="no annotation run 'run'"):
            call()


@pytest.mark.parametrize(
    ("command", "option"), [("status", "--watch"), ("watch", "--every")]
)
@pytest.mark.parametrize("seconds", ["0.5", "-1", "nan", "inf", "1e9", "often"])
def test_seconds_that_cannot_work(run, dataset, command, option, seconds):
    result = run(command, dataset.name, "run", option, seconds)
    assert result.exit_code == 2, result.output
    assert option in result.output


def test_status_is_watched_until_ctrl_c(run, monkeypatch):
    looked, slept = [], []

    def job_status():
        looked.append(1)
        return []

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) >= 3:
            raise KeyboardInterrupt

    results = SimpleNamespace(job_status=job_status)
    monkeypatch.setattr(status_command, "_results_of", lambda *_: results)
    monkeypatch.setattr(status_command, "sleep", sleep)

    found = run("status", "roads", "run", "--watch", "5", "--json")

    assert found.exit_code == 0
    assert found.stdout == 3 * ('{"dataset": "roads", "anno_key": "run", "jobs": []}\n')
    assert len(looked) == 3
    assert slept == [5.0] * 3


def test_status_that_is_watched_outlives_the_server(run, monkeypatch):
    answers = iter(
        [[], UnreachableError("no connection"), [], CertificateError("no trust")]
    )

    def job_status():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    results = SimpleNamespace(job_status=job_status)
    monkeypatch.setattr(status_command, "_results_of", lambda *_: results)
    monkeypatch.setattr(status_command, "sleep", lambda seconds: None)

    found = run("status", "roads", "run", "--watch", "5", "--json")

    assert found.stdout.count("\n") == 2
    assert found.stderr == "Asking again in 5 seconds: no connection\n"
    assert isinstance(found.exception, CertificateError)


@pytest.fixture
def watched(monkeypatch):
    """What a watch is asked for; it loads twice, then Ctrl-C is pressed."""
    asked = []
    loads = [LoadedJobs([3], Reconciliation()), LoadedJobs([4, 5], Reconciliation())]
    loads[1].reconciliation.add("cats", 7, "added", 2)

    def watch(samples, anno_key, **options):
        asked.append((samples.name, anno_key, options))
        sys.stdout.write("FiftyOne says something\n")
        yield from loads
        raise KeyboardInterrupt

    def load_finished(samples, anno_key, **options):
        asked.append((samples.name, anno_key, options))
        sys.stdout.write("FiftyOne says something\n")
        return LoadedJobs([], Reconciliation())

    monkeypatch.setattr(watching, "watch", watch)
    monkeypatch.setattr(watching, "load_finished", load_finished)
    return asked


def test_a_watch_ends_with_ctrl_c(run, dataset, watched):
    result = run("watch", dataset.name, "run", "--every", "5")

    assert result.exit_code == 0, result.output
    assert result.stdout == ("Loaded job 3\nLoaded jobs 4, 5\n  cats: 2 added\n")
    assert "FiftyOne says something" in result.stderr
    options = {"jobs": "completed", "empty": None, "unexpected": "ignore", "every": 5.0}
    options["update_label_schema"] = False
    assert watched == [(dataset.name, "run", options)]


def test_a_watch_tells_programs(run, dataset, watched):
    result = run("watch", dataset.name, "run", "--json")

    assert [json.loads(each) for each in result.stdout.splitlines()] == [
        {"job_ids": [3], "fields": {}},
        {
            "job_ids": [4, 5],
            "fields": {
                "cats": {
                    "kept": 0,
                    "changed": 0,
                    "added": 2,
                    "deleted": 0,
                    "unmatched": 0,
                }
            },
        },
    ]


def test_a_watch_of_once(run, dataset, watched):
    result = run("watch", dataset.name, "run", "--once")

    assert result.exit_code == 0
    words = "Nothing to load: no such job was finished or changed since the last load"
    assert result.stdout == f"{words}\n"
    assert "every" not in watched[0][2]


def test_ctrl_c_in_a_watch_of_once(run, dataset, watched, monkeypatch):
    """A load that was not finished is no success: cron has to see it."""

    def load_finished(samples, anno_key, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(watching, "load_finished", load_finished)

    assert run("watch", dataset.name, "run", "--once").exit_code != 0


def test_a_watch_that_updates_label_schemas(run, dataset, watched):
    assert run("watch", dataset.name, "run", "--update-label-schema").exit_code == 0
    assert watched[0][2]["update_label_schema"] is True


@pytest.mark.parametrize(
    ("texts", "jobs"),
    [
        (["in progress"], "in progress"),
        (["alice"], "alice"),
        (["12"], [12]),
        (["12", "13"], [12, 13]),
        (["assignee=alice"], {"assignee": ["alice"]}),
        (
            ["state=completed", "stage=acceptance", "stage=validation"],
            {"state": ["completed"], "stage": ["acceptance", "validation"]},
        ),
    ],
)
def test_which_jobs_are_watched(run, dataset, watched, texts, jobs):
    options = [word for each in texts for word in ("--jobs", each)]

    assert run("watch", dataset.name, "run", "--once", *options).exit_code == 0
    assert watched[0][2]["jobs"] == jobs


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--jobs", "new", "--jobs", "completed"], "given again for ids"),
        (["--jobs", "12", "--jobs", "state=new"], "given again for ids"),
        (["--unexpected", "prompt"], "ignore or keep"),
    ],
)
def test_what_cannot_be_watched(run, dataset, watched, options, words):
    result = run("watch", dataset.name, "run", *options)

    assert result.exit_code == 2
    assert words in " ".join(result.output.split())
    assert watched == []


@pytest.mark.parametrize("pair", ["12", "12=", "=34", "a=b", "12:34", "-1=2"])
def test_tasks_to_attach_are_pairs_of_numbers(run, pair):
    result = run("attach", "dataset", "run", "--", pair)
    assert result.exit_code == 2
    assert "is not OLD=NEW" in " ".join(result.output.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_plain(run, command):
    output = run(command, "--help").output

    assert "<bool>" not in output
    assert "`" not in output
    assert max(map(len, output.splitlines())) <= 100
    for option in SERVER:
        assert re.search(f"^  --{option} ", output, re.M), option
    short, _, rest = output.partition("\n\n")[2].strip().partition("\n\n")
    assert len(short) <= 62, "the list of commands would cut it"
    assert rest


def test_list_of_commands(run):
    lines = run("--help").output.partition("Commands:\n")[2].splitlines()

    assert [line.split()[0] for line in lines] == [*COMMANDS, "plugin"]
    assert not [line for line in lines if line.endswith("...")]


SIGNING_IN = [
    (["--access-token", "t"], {"access_token": "t"}),
    (
        ["--username", "me", "--password", "p", "--organization", "team"],
        {"username": "me", "password": "p", "organization": "team", "access_token": ""},
    ),
    (
        ["--url", URL, "--email", "me@example.com", "--no-verify-ssl"],
        {
            "url": URL,
            "email": "me@example.com",
            "verify_ssl": False,
            "access_token": "",
        },
    ),
    (["--ca-bundle", __file__], {"verify_ssl": __file__}),
]


@pytest.mark.parametrize(
    ("options", "expected"), SIGNING_IN, ids=["token", "password", "email", "bundle"]
)
@pytest.mark.parametrize(
    ("command", "function"),
    [
        ("resume", "fiftyone_cvat.workflows.resumption.resume"),
        ("attach", "fiftyone_cvat.workflows.attachment.attach"),
        ("import", "fiftyone_cvat.workflows.imports.import_tasks"),
        ("status", "fiftyone_cvat.workflows.results.results_of_run"),
        ("watch", "fiftyone_cvat.workflows.watching.watch"),
    ],
    ids=["resume", "attach", "import", "status", "watch"],
)
def test_every_command_signs_in_alike(
    run, dataset, monkeypatch, command, function, options, expected
):
    asked = {}

    class AskedError(CVATError): ...

    def ask(*args, **kwargs):
        asked.update({name: each for name, each in kwargs.items() if name in KEYWORDS})
        raise AskedError

    monkeypatch.setattr(function, ask)
    arguments = {"import": [], "attach": ["run", "1=2"]}.get(command, ["run"])

    result = run(command, dataset.name, *arguments, *options)

    assert isinstance(result.exception, AskedError), result.output
    assert asked == expected


def test_one_way_to_sign_in(run):
    options = ["--access-token", "t", "--username", "me"]
    result = run("status", "dataset", "run", *options)

    assert result.exit_code == 2
    assert "--access-token, or --username" in " ".join(result.output.split())


def test_errors_are_one_line(monkeypatch, capsys):
    def fail(server, output, *, keep):
        raise UnreachableError("No connection to\nhttps://cvat.example.com:443")

    monkeypatch.setattr(demo_command, "run", fail)
    monkeypatch.setattr(sys, "argv", ["fiftyone-cvat", "demo"])

    with pytest.raises(SystemExit) as caught:
        cli.main()

    assert caught.value.code == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == "Error: No connection to https://cvat.example.com:443\n"


def test_importing_hands_on_what_is_asked_for(run, dataset, monkeypatch):
    given = {}

    def import_tasks(samples, **kwargs):
        given.update(kwargs, samples=samples)
        lines = ["cars: 2 added"]
        return SimpleNamespace(reconciliation=SimpleNamespace(lines=lambda: lines))

    monkeypatch.setattr("fiftyone_cvat.workflows.imports.import_tasks", import_tasks)
    options = ["--project", "roads", "--media", "download", "--related-slices"]
    options += ["--field", "car|truck=vehicles", "--field", "frame.rain=rain"]

    result = run("import", dataset.name, *options, "--url", URL)

    assert result.exit_code == 0, result.output
    assert "cars: 2 added" in result.output
    assert given == {
        "samples": dataset,
        "project": "roads",
        "tasks": None,
        "jobs": None,
        "media": "download",
        "fields": {"car|truck": "vehicles", "frame.rain": "rain"},
        "anno_key": "cvat_import",
        "related_slices": True,
        "url": URL,
    }


def test_fields_of_an_import_are_classes_and_a_field(run, dataset):
    result = run("import", dataset.name, "--field", "vehicles")
    assert result.exit_code == 2
    assert "CLASSES=FIELD" in result.output
