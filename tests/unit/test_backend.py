"""What FiftyOne sees and stores."""

from __future__ import annotations

import inspect
import json
from functools import partial

import eta.core.utils as etau
import fiftyone as fo
import fiftyone.core.config as foc
import fiftyone.core.fields as fof
import fiftyone.utils.annotations as foua
import numpy as np
import pytest

import fiftyone_cvat
from fiftyone_cvat.api import CVATAnnotationAPI
from fiftyone_cvat.api.run_members import RunMembers
from fiftyone_cvat.backend import (
    CVATAnnotationResults,
    CVATBackend,
    CVATBackendConfig,
)
from fiftyone_cvat.errors import (
    AnswerError,
    ConfigurationError,
    KeywordError,
    SchemaError,
)
from fiftyone_cvat.runs.absent_tasks import forget
from fiftyone_cvat.runs.keywords import NOT_CONFIGURED, tell_other_server
from fiftyone_cvat.server.tasks import Tasks
from fiftyone_cvat.transport.responses import Response

BUILT_IN = (
    "self, name, label_schema, media_field='filepath', url=None, username=None, "
    "email=None, password=None, headers=None, task_size=None, segment_size=None, "
    "image_quality=75, use_cache=True, use_zip_chunks=True, chunk_size=None, "
    "task_assignee=None, job_assignees=None, job_reviewers=None, project_name=None, "
    "project_id=None, task_name=None, occluded_attr=None, group_id_attr=None, "
    "issue_tracker=None, organization=None, frame_start=None, frame_stop=None, "
    "frame_step=None, coerce_text_attrs=True"
)
"""The keywords of FiftyOne's own integration."""

IN_TURN = ("task_assignee", "job_assignees", "job_reviewers", "issue_tracker")

SECRETS = {
    "username": "secret user",
    "email": "secret@mail",
    "password": "secret password",
    "headers": {"X-Secret": "secret header"},
    "access_token": "secret token",
}
STORED = {
    "id_map": {"a": {"s1": ["l1"], "s2": None}, "v": {"s3": {"f1": ["l2"]}}},
    "server_id_map": {"tags": {}, "shapes": {7: "l1"}, "tracks": {8: "l2"}},
    "project_ids": [3],
    "task_ids": [1, 2],
    "job_ids": {1: [11, 12], 2: [21]},
    "frame_id_map": {
        1: {0: {"sample_id": "s1"}, 1: {"sample_id": "s2"}},
        2: {0: {"sample_id": "s3", "frame_id": "f1"}},
    },
    "labels_task_map": {"a": [1, 2], "v": [2]},
    "frame_numbering": "task",
}


def config(**more):
    return CVATBackendConfig("cvat", {"a": {"type": "detections"}}, **more)


def results(backend=None, **more):
    arguments = json.loads(json.dumps(STORED)) | more
    made = CVATAnnotationResults._from_dict(arguments, None, config(), "key")
    if backend is not None:
        made._backend = backend
    return made


def test_results_are_shown_in_a_line():
    shown = "<CVATAnnotationResults of run 'key': 2 tasks at http://cvat>"
    made = results()
    made.config.url = "http://cvat"
    assert repr(made) == str(made) == shown
    made.config.url = "http://ann:s3cr3t@cvat"  # as the built-in stores it
    assert "s3cr3t" not in repr(made)
    made.config.url = None
    made.task_ids = [1]
    assert repr(made).endswith("'key': 1 task at a server that is not set>")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("type", "takes no `type`: did you mean `label_type`"),
        ("method", "takes no `method`: did you mean `backend`"),
        ("cls", "takes no `cls`"),
        ("serialize", "takes no `serialize`"),
        ("load_credentials", "takes no `load_credentials`"),
    ],
)
@pytest.mark.parametrize("value", [5, "detections", None])
def test_members_are_no_keywords(name, words, value):
    with pytest.raises(KeywordError, match=words):
        config(**{name: value})


def test_members_of_subclasses_that_can_be_set():
    class Config(CVATBackendConfig):
        flavour = "plain"

        @property
        def color(self):
            return self._color

        @color.setter
        def color(self, value):
            self._color = value

    made = Config("cvat", {}, color="red", flavour="sweet")
    assert (made.color, made.flavour) == ("red", "sweet")


class FakeApi:
    """Notes what it is asked to delete or open."""

    base_url = "http://cvat"
    delete_upload = RunMembers.delete_upload

    def __init__(self, not_empty=(), gone=()):
        self.calls = []
        self._not_empty, self._gone = not_empty, gone

    def delete_tasks(self, task_ids):
        self.calls.append(("delete_tasks", list(task_ids)))

    def delete_projects(self, project_ids):
        self.calls.append(("delete_projects", list(project_ids)))

    def get_empty_projects(self, project_ids):
        return [each for each in project_ids if each not in self._not_empty]

    def base_task_url(self, task_id):
        return f"http://cvat/tasks/{task_id}"

    def base_job_url(self, task_id, job_id):
        return f"http://cvat/tasks/{task_id}/jobs/{job_id}"

    def launch_editor(self, url=None):
        self.calls.append(("launch_editor", url))

    def task_summary(self, task_id):
        if task_id in self._gone:
            return None
        return {
            "name": f"task {task_id}",
            "status": "annotation",
            "assignee": None,
            "last_updated": "today",
            "jobs": {
                11: {
                    "stage": "validation",
                    "state": "new",
                    "assignee": {"username": "me"},
                }
            },
        }


def connected(api):
    backend = config().build()
    backend.use_api(api)
    return backend


@pytest.mark.parametrize(
    ("info", "words"),
    [
        (
            {"classes": ["cat", "a\ud800"]},
            r"'a\\ud800' in classes has half a character",
        ),
        ({"classes": ["a\0b"]}, "in classes has a NUL character at 1"),
        ({"attributes": {"x\ud800": {}}}, r"'x\\ud800' in attributes has half a"),
        ({"attributes": {"x\0": {}}}, "in attributes has a NUL character at 1"),
        (
            {"attributes": {"x": {"type": "radio", "values": ["y", "\udfff"]}}},
            r"'\\udfff' in attributes.x.values has half a character \(U\+DFFF\) at 0",
        ),
        (
            {"attributes": {"x": {"type": "text", "default": "\0"}}},
            "in attributes.x.default has a NUL",
        ),
    ],
)
def test_texts_that_cannot_be_stored(info, words):
    """They are refused before FiftyOne stores the run, which would be a bare error."""
    dataset = fo.Dataset()
    dataset.add_sample(fo.Sample("a.png"))
    schema = {"cats": {"type": "detections", "classes": ["cat"], "attributes": {}}}
    schema["cats"] |= info

    with pytest.raises(SchemaError, match=f"^Field 'cats': .*{words}") as refusal:
        dataset.annotate(
            "run",
            label_schema=schema,
            backend="cvat",
            config_cls="fiftyone_cvat.backend.CVATBackendConfig",
        )

    str(refusal.value).encode()  # so it can be printed
    assert dataset.list_annotation_runs() == []
    dataset.delete()


class TestStoredPaths:
    def test_dotted_paths_never_change(self):
        own = config()
        assert own.cls == "fiftyone_cvat.backend.CVATBackendConfig"
        assert own.run_cls is CVATBackend
        assert etau.get_class_name(CVATBackend) == "fiftyone_cvat.backend.CVATBackend"
        assert results().cls == "fiftyone_cvat.backend.CVATAnnotationResults"
        assert own.build().results_class is CVATAnnotationResults

    @pytest.mark.parametrize(
        "name", ["CVATBackendConfig", "CVATBackend", "CVATAnnotationResults"]
    )
    def test_package_names_the_same_classes(self, name):
        assert getattr(fiftyone_cvat, name).__module__ == "fiftyone_cvat.backend"
        assert name in dir(fiftyone_cvat)

    def test_other_names_are_refused(self):
        with pytest.raises(AttributeError, match="no attribute 'nothing'"):
            fiftyone_cvat.nothing  # noqa: B018

    def test_stored_configuration_is_read_again(self):
        own = config(url="http://cvat", task_size=5, job_assignees=["a"], timeout=5)
        stored = json.loads(json.dumps(own.serialize()))
        again = CVATBackendConfig.from_dict(dict(stored))
        assert type(again) is CVATBackendConfig
        assert json.loads(json.dumps(again.serialize())) == stored

    def test_keys_of_mask_targets_are_numbers_again(self):
        targets = {"mask_targets": {1: "a", "#ff0000": "b"}}
        own = CVATBackendConfig("cvat", {"a": {"type": "segmentation", **targets}})
        stored = json.loads(json.dumps(own.serialize()))
        again = CVATBackendConfig.from_dict(stored)
        assert again.label_schema["a"]["mask_targets"] == targets["mask_targets"]

    def test_unknown_keywords_are_kept(self):
        assert config(own_thing=3).own_thing == 3
        assert config(only_keyframes=True).only_keyframes


class TestKeywords:
    def test_those_of_the_built_in_come_first(self):
        known = inspect.signature(eval(f"lambda {BUILT_IN}: None")).parameters
        own = inspect.signature(CVATBackendConfig.__init__).parameters
        taken = [(each.name, each.default) for each in own.values()]
        wanted = [(each.name, each.default) for each in known.values()]
        assert taken[: len(wanted)] == wanted
        assert [name for name, _ in taken[len(wanted) :]] == [
            "access_token",
            "verify_ssl",
            "timeout",
            "wait_timeout",
            "on_failure",
            "max_workers",
            "job_assignee",
            "dry_run",
            "kwargs",
        ]

    @pytest.mark.parametrize(
        ("name", "value", "taken"),
        [
            ("task_size", "10", 10),
            ("task_size", 1, 1),
            ("task_size", None, None),
            ("segment_size", "10", 10),
            ("chunk_size", "36", 36),
            ("image_quality", "0", 0),
            ("image_quality", 100, 100),
            ("project_id", "5", 5),
            ("project_id", 5, 5),
            ("project_id", None, None),
            ("timeout", "30", 30.0),
            ("wait_timeout", 1, 1.0),
            ("max_workers", "2", 2),
            ("max_workers", None, 4),
            ("use_cache", False, False),
            ("use_cache", "false", False),
            ("use_zip_chunks", "false", False),
            ("coerce_text_attrs", "false", False),
            ("coerce_text_attrs", "true", True),
            ("verify_ssl", "false", False),
            ("verify_ssl", "False", False),
            ("verify_ssl", "0", False),
            ("verify_ssl", 0, False),
            ("verify_ssl", "true", True),
            ("verify_ssl", 1, True),
            ("verify_ssl", "/etc/ca.pem", "/etc/ca.pem"),
            ("task_assignee", "me", "me"),
            ("job_assignees", ["me", "you"], ["me", "you"]),
            *(
                (name, value, taken)
                for name in IN_TURN
                for value, taken in (
                    ("me", "me"),
                    (["me", None], ["me", None]),
                    (("me", "you"), ["me", "you"]),
                    ([None], [None]),
                    ([], []),
                )
            ),
        ],
    )
    def test_value(self, name, value, taken):
        result = getattr(config(**{name: value}), name)
        assert result == taken
        assert type(result) is type(taken)

    @pytest.mark.parametrize("name", IN_TURN)
    @pytest.mark.parametrize(
        "value", [5, 0, True, 2.5, {"me": 1}, {"me"}, b"me", " ", object]
    )
    def test_what_is_no_text(self, name, value):
        message = rf"`{name}` must be a text, or a list of texts .* and this is "
        with pytest.raises(ConfigurationError, match=message) as caught:
            config(**{name: value})
        assert repr(value) in str(caught.value)

    @pytest.mark.parametrize("name", IN_TURN)
    @pytest.mark.parametrize("value", [5, True, ["you"], {}, "", b"me"])
    def test_what_is_no_text_in_a_list(self, name, value):
        with pytest.raises(ConfigurationError, match=rf"`{name}\[1\]` is ") as caught:
            config(**{name: ("me", value)})
        assert repr(value) in str(caught.value)

    @pytest.mark.parametrize("name", IN_TURN)
    def test_texts_that_look_like_numbers(self, name, monkeypatch):
        """FiftyOne reads them so in variables of the environment."""
        monkeypatch.setenv(f"FIFTYONE_CVAT_{name.upper()}", "007, ann")
        assert getattr(config(**{name: [7, "ann"]}), name) == ["007", "ann"]
        monkeypatch.setenv(f"FIFTYONE_CVAT_{name.upper()}", "007")
        assert getattr(config(**{name: 7}), name) == "007"
        assert getattr(config(**{name: ""}), name) is None

    @pytest.mark.parametrize("value", [None, ""])
    def test_no_value_does_not_switch_verification_off(self, value):
        assert config(verify_ssl=value).verify_ssl is True

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("task_size", 0),
            ("task_size", -5),
            ("task_size", "many"),
            ("task_size", ""),
            ("task_size", 2.5),
            ("task_size", [10]),
            ("segment_size", 0),
            ("chunk_size", "0"),
            ("image_quality", -1),
            ("image_quality", 101),
            ("image_quality", "good"),
            ("timeout", "soon"),
            ("timeout", 0),
            ("timeout", -1),
            ("timeout", None),
            ("wait_timeout", "long"),
            ("wait_timeout", -1),
            ("max_workers", 0),
            ("max_workers", 17),
            ("max_workers", True),
            ("max_workers", float("inf")),
        ],
    )
    def test_value_that_cannot_work(self, name, value):
        with pytest.raises(ConfigurationError, match=f"`{name}`"):
            config(**{name: value})


class TestSecrets:
    def test_credentials_are_taken(self):
        own = config(**SECRETS)
        assert {name: getattr(own, name) for name in SECRETS} == SECRETS

    def test_credentials_are_nowhere_stored_or_shown(self):
        own = config(**SECRETS)
        shown = [own.serialize(), repr(own), str(own), own.attributes()]
        shown += [repr(own.build()), repr(results())]
        assert "secret" not in repr(shown).lower().replace("'cvat'", "")
        assert not set(SECRETS) & set(own.serialize())

    @pytest.mark.parametrize(
        "name",
        [
            *("token", "acces_token", "pasword", "api_key", "pssword", "pw"),
            *("header", "headrs", "bearer", "usernme", "emial"),
        ],
    )
    def test_what_may_be_a_misspelt_credential_is_not_stored(self, name, caplog):
        own = config(**{name: "s3cr3t", "own_thing": 3})
        assert "s3cr3t" not in f"{own.serialize()} {own!r} {vars(own)} {caplog.text}"
        assert f"`{name}`" in caplog.text
        assert own.own_thing == 3

    def test_address_with_a_password_is_refused_before_it_is_stored(self):
        with pytest.raises(ConfigurationError) as caught:
            config(url="http://ann:s3cr3t@cvat.example.com")
        own = config()
        with pytest.raises(ConfigurationError):
            own.load_credentials(url="http://ann:s3cr3t@cvat.example.com")
        assert "s3cr3t" not in f"{caught.value!r} {own!r}"

    @pytest.mark.parametrize("given", ["s3cr3t", ["s3cr3t", "b"], 5])
    def test_headers_that_are_none_are_not_quoted(self, given):
        with pytest.raises(ConfigurationError, match="`headers`") as caught:
            config(headers=given)
        assert "s3cr3t" not in str(caught.value)

    def test_credentials_from_arguments_win(self):
        own = config(password="old")
        own.load_credentials(password="new", url="http://other")
        assert (own.password, own.url) == ("new", "http://other")

    @pytest.mark.parametrize("name", ["username", "email", "password"])
    def test_a_token_of_the_environment_does_not_go_before_them(
        self, monkeypatch, name
    ):
        known = fo.annotation_config.backends["cvat"]
        monkeypatch.setitem(known, "access_token", "t0ken")
        own = config()
        own.load_credentials(**{name: "given"})
        assert (getattr(own, name), own.access_token) == ("given", None)
        own.load_credentials(access_token="given too", **{name: "given"})
        assert own.access_token == "given too"

    @pytest.mark.parametrize("name", ["username", "email", "password"])
    def test_nor_before_them_where_a_run_is_sent(self, monkeypatch, name):
        known = fo.annotation_config.backends["cvat"]
        monkeypatch.setitem(known, "access_token", "t0ken")
        monkeypatch.setitem(known, name, "configured")
        sent = partial(config, access_token="t0ken")
        assert sent(**{name: "configured"}).access_token == "t0ken"
        assert sent(**{name: "given"}).access_token is None
        both = config(access_token="given too", **{name: "given"})
        assert both.access_token == "given too"

    @pytest.mark.parametrize("name", ["username", "email", "password"])
    def test_nor_one_that_the_environment_still_has(self, monkeypatch, name):
        monkeypatch.setenv("FIFTYONE_CVAT_ACCESS_TOKEN", "t0ken")
        monkeypatch.setattr(fo, "annotation_config", foc.AnnotationConfig())
        given = {name: "given"}
        sent = config(access_token="t0ken", **given)
        loaded = config()
        loaded.load_credentials(**given)
        for own in (sent, loaded):
            assert (getattr(own, name), own.access_token) == ("given", None)
        assert config(access_token="t0ken").access_token == "t0ken"

    def test_run_stays_with_its_server(self):
        own = config(url="http://mine")
        assert fo.annotation_config.backends["cvat"]["url"] != own.url
        own.load_credentials()
        assert own.url == "http://mine"

    @pytest.mark.parametrize("given", [{}, {"url": "http://new"}])
    def test_another_server_that_is_configured_is_told(
        self, monkeypatch, caplog, given
    ):
        tell_other_server.cache_clear()
        monkeypatch.setitem(fo.annotation_config.backends["cvat"], "url", "http://new")
        config(url="http://mine").load_credentials(**given)
        told = "The run is at http://mine" in caplog.text
        assert told is not bool(given)

    def test_the_server_that_fiftyone_names_is_none_that_is_configured(self, caplog):
        tell_other_server.cache_clear()
        own = config(url="http://mine")
        assert fo.annotation_config.backends["cvat"]["url"] == NOT_CONFIGURED
        own.load_credentials()
        assert not caplog.text

    @pytest.mark.parametrize(("value", "taken"), [("false", False), ("true", True)])
    def test_verification_from_arguments(self, value, taken):
        own = config()
        own.load_credentials(verify_ssl=value)
        assert own.verify_ssl is taken


class TestEnvironment:
    """FiftyOne turns the texts of variables into numbers, words and lists."""

    @pytest.fixture
    def parsed(self, monkeypatch):
        def parse(**variables):
            for name, text in variables.items():
                monkeypatch.setenv(f"FIFTYONE_CVAT_{name.upper()}", text)
            monkeypatch.setenv(
                "FIFTYONE_CVAT_CONFIG_CLS", "fiftyone_cvat.backend.CVATBackendConfig"
            )
            monkeypatch.setattr(fo, "annotation_config", foc.AnnotationConfig())
            return foua._parse_config("cvat", {"a": {"type": "detections"}})

        return parse

    def test_one_variable_puts_this_package_behind_the_name(self, parsed):
        assert type(parsed()) is CVATBackendConfig
        assert parsed().url == "https://app.cvat.ai"

    def test_keywords(self, parsed):
        own = parsed(
            url="http://cvat:8080",
            task_size="10",
            use_cache="false",
            verify_ssl="false",
            job_assignees="me,you",
            timeout="2.5",
            coerce_text_attrs="false",
        )
        assert own.url == "http://cvat:8080"
        assert own.task_size == 10
        assert (own.use_cache, own.verify_ssl, own.coerce_text_attrs) == (False,) * 3
        assert own.job_assignees == ["me", "you"]
        assert own.timeout == 2.5

    def test_empty_variable_does_not_switch_verification_off(self, parsed):
        assert parsed(verify_ssl="").verify_ssl is True

    @pytest.mark.parametrize(
        "text", ["plain", "12345", "0123", "1e5", "pa,ss", "true", "None", "nan"]
    )
    def test_password_is_the_text_of_the_variable(self, parsed, text):
        own = parsed(password=text)
        assert own.password == text
        own.load_credentials()
        assert own.password == text

    @pytest.mark.parametrize("name", ["username", "email", "access_token"])
    def test_credentials_are_the_text_of_the_variable(self, parsed, name):
        assert getattr(parsed(**{name: "007"}), name) == "007"

    @pytest.mark.parametrize(
        "headers", [{"X-Key": "a"}, {"X-Key": "a, b", "X-Other": "1"}, {}]
    )
    def test_headers_are_json(self, parsed, headers):
        own = parsed(headers=json.dumps(headers))
        assert own.headers == (headers or None)
        own.load_credentials()
        assert own.headers == (headers or None)

    @pytest.mark.parametrize("text", ["acme", "007"])
    def test_organization_is_the_text_of_the_variable(self, parsed, text):
        assert parsed(organization=text).organization == text


UNSENT = {"type": "text", "values": [], "read_only": True, "sent": False}
"""What CVAT has only text for, which could not be read back."""


class TestBackend:
    @pytest.mark.parametrize(
        ("name", "value", "tool"),
        [
            ("crowd", True, {"type": "checkbox", "values": [True, False]}),
            ("crowd", False, {"type": "checkbox", "values": [True, False]}),
            ("occluded", True, {"type": "occluded"}),
            ("occluded", 1, {"type": "text", "values": []}),
            ("occluded", None, {"type": "text", "values": []}),
            ("group_id", 3, {"type": "group_id"}),
            ("group_id", True, {"type": "checkbox", "values": [True, False]}),
            ("group_id", "3", {"type": "text", "values": []}),
            ("age", 3, {"type": "text", "values": []}),
            ("age", 3.5, {"type": "text", "values": []}),
            ("name", "x", {"type": "text", "values": []}),
            ("name", None, {"type": "text", "values": []}),
            ("name", "", {"type": "text", "values": []}),
            ("occluded", np.float64(1), {"type": "text", "values": []}),
            *(
                ("parts", each, UNSENT)
                for each in ([], ["a"], {}, np.ones(2), object())
            ),
        ],
    )
    def test_recommended_tool(self, name, value, tool):
        assert config().build().recommend_attr_tool(name, value) == tool

    @pytest.mark.parametrize(
        ("kind", "needed"),
        [
            ("select", True),
            ("radio", True),
            ("number", True),
            ("text", False),
            ("checkbox", False),
            ("occluded", False),
            ("group_id", False),
            ("", False),
        ],
    )
    def test_values_are_needed(self, kind, needed):
        assert config().build().requires_attr_values(kind) is needed

    def test_what_is_supported(self):
        backend = config().build()
        kinds = ["image", "video", "3d", "point-cloud", "multimodal"]
        assert backend.supported_media_types == kinds
        assert set(backend.supported_label_types) == {
            *("classification", "classifications", "detection", "detections"),
            *("instance", "instances", "polyline", "polylines", "polygon", "polygons"),
            *("keypoint", "keypoints", "segmentation", "scalar"),
        }
        assert backend.supported_scalar_types == [
            fof.IntField,
            fof.FloatField,
            fof.StringField,
            fof.BooleanField,
        ]
        assert set(backend.supported_attr_types) == {
            *("text", "select", "radio", "checkbox", "number"),
            *("occluded", "group_id"),
        }
        assert backend.supports_clips_views is True
        assert backend.supports_keyframes is True
        assert backend.supports_video_sample_fields is False
        assert backend.requires_label_schema is False

    def test_connects_once_with_all_that_the_configuration_says(self, monkeypatch):
        made = []

        class Recorder:
            def __init__(self, *args, **kwargs):
                made.append((args, kwargs))

        monkeypatch.setattr("fiftyone_cvat.api.CVATAnnotationAPI", Recorder)
        backend = config(
            url="http://cvat", organization="org", verify_ssl="false", **SECRETS
        ).build()
        assert backend.connect_to_api() is backend.connect_to_api()
        connection = {"verify_ssl": False, "timeout": 60.0, "wait_timeout": 3600.0}
        assert made == [
            (
                ("cvat", "http://cvat"),
                {"organization": "org", **connection, **SECRETS},
            )
        ]
        taken = inspect.signature(CVATAnnotationAPI.__init__)
        taken.bind(None, *made[0][0], **made[0][1])

    def test_key_is_free_again_after_a_failed_upload(self, dataset):
        dataset.add_sample(fo.Sample("/a.png"))

        class Failing:
            def upload_samples(self, samples, anno_key, backend):
                raise KeyboardInterrupt

        backend = connected(Failing())
        backend.register_run(dataset, "key")
        assert dataset.list_annotation_runs() == ["key"]
        with pytest.raises(KeyboardInterrupt):
            backend.upload_annotations(dataset, "key")
        assert dataset.list_annotation_runs() == []

    def test_results_that_are_not_saved_name_the_tasks(self, dataset, monkeypatch):
        def interrupted(*args, **kwargs):
            raise KeyboardInterrupt

        backend = config().build()
        backend.register_run(dataset, "key")
        made = results(backend)
        monkeypatch.setattr("fiftyone_cvat.backend.finish_merge", lambda results: None)
        monkeypatch.setattr(foua.AnnotationBackend, "save_run_results", interrupted)
        with pytest.raises(KeyboardInterrupt) as caught:
            backend.save_run_results(dataset, "key", made)
        tasks = ", ".join(map(str, made.task_ids))
        note = f"Run 'key' is not saved; its tasks in CVAT are {tasks}"
        assert caught.value.__notes__ == [note]

    @pytest.mark.parametrize("launch", [True, False])
    def test_editor_is_opened_if_that_is_asked_for(self, launch):
        api = FakeApi()
        backend = connected(api)
        made = results(backend)
        api.upload_samples = lambda samples, anno_key, backend: made
        assert backend.upload_annotations(None, "key", launch_editor=launch) is made
        opened = [("launch_editor", "http://cvat/tasks/1/jobs/11")]
        assert api.calls == (opened if launch else [])

    def test_download_is_the_api_s(self):
        api = FakeApi()
        backend = connected(api)
        made = results(backend)
        api.download_annotations = lambda results: {"a": {"scalar": {"s1": 1}}}
        loaded = backend.download_annotations(made)
        assert loaded == {"a": {"scalar": {"s1": 1}}}


class TestStoredResults:
    def test_our_own_form(self):
        made = results()
        stored = json.loads(json.dumps(made.serialize()))
        assert set(stored) == {
            *STORED,
            "cls",
            "progress",
            "fingerprints",
            "merge",
            "deleted",
            "hidden_points",
            "last_loads",
            "loaded_jobs",
            "raw_values",
            "tasks_with_view",
            "unstored",
            "left_out",
            "lost",
            "attached",
            "frames_with_view",
            "beside_ids",
            "left_frames",
            "load_date",
            "other_fields",
        }
        again = CVATAnnotationResults.from_dict(stored, None, config(), "key")
        assert type(again) is CVATAnnotationResults
        assert {name: getattr(again, name) for name in STORED} == STORED
        assert again.key == "key"

    def test_form_of_the_built_in(self):
        old = {
            name: STORED[name]
            for name in ("id_map", "task_ids", "job_ids", "frame_id_map")
        }
        old["labels_task_map"] = {"a": [1]}
        made = CVATAnnotationResults._from_dict(
            json.loads(json.dumps(old)), None, config(), "key"
        )
        assert {name: getattr(made, name) for name in old} == old
        assert (made.server_id_map, made.project_ids) == ({}, [])

    @pytest.mark.parametrize(
        "more",
        [{"server_id_map": None, "project_ids": None}, {"later": "addition"}],
        ids=["null", "more"],
    )
    def test_odd_forms(self, more):
        assert results(**more).task_ids == [1, 2]

    def test_counts_are_not_stored(self):
        made = results()
        made.reconciliation.add("a", 1, "kept")
        made.absent_attributes.ids["a"]["x"].append("l1")
        assert not {"reconciliation", "absent_attributes"} & set(made.serialize())
        assert results().reconciliation.counts == {}


class TestForgetting:
    def test_task(self):
        made = results()
        forget(made, [1])
        assert made.task_ids == [2]
        assert made.job_ids == {2: [21]}
        assert made.frame_id_map == {2: STORED["frame_id_map"][2]}
        assert made.labels_task_map == {"a": [2], "v": [2]}
        assert made.id_map == {"a": {}, "v": {"s3": {"f1": ["l2"]}}}

    @pytest.mark.parametrize("gone", [[], [99], iter([99])])
    def test_unknown_tasks(self, gone):
        made = results()
        forget(made, gone)
        assert {name: getattr(made, name) for name in STORED} == STORED

    def test_all(self):
        made = results()
        forget(made, made.task_ids)
        assert (made.task_ids, made.job_ids, made.frame_id_map) == ([], {}, {})
        assert made.id_map == {"a": {}, "v": {}}
        assert made.labels_task_map == {"a": [], "v": []}

    def test_task_that_lost_its_frames(self):
        made = results(frame_id_map={}, job_ids={})
        forget(made, [1, 2])
        assert made.task_ids == []

    def test_delete_tasks(self):
        api = FakeApi()
        made = results(connected(api))
        made.delete_tasks(iter([1]))
        assert api.calls == [("delete_tasks", [1])]
        assert made.task_ids == [2]


class TestCleanup:
    @pytest.mark.parametrize(
        ("stored", "not_empty", "calls"),
        [
            pytest.param(
                {}, [], [("delete_tasks", [1, 2]), ("delete_projects", [3])], id="all"
            ),
            pytest.param({}, [3], [("delete_tasks", [1, 2])], id="project of others"),
            pytest.param(
                {"project_ids": [3, 4]},
                [3],
                [("delete_tasks", [1, 2]), ("delete_projects", [4])],
                id="built-in defect: one empty project deleted all",
            ),
            pytest.param({"task_ids": [], "project_ids": []}, [], [], id="nothing"),
        ],
    )
    def test_cleanup(self, stored, not_empty, calls):
        api = FakeApi(not_empty)
        made = results(connected(api), **stored)
        made.cleanup()
        assert api.calls == calls
        left = (made.project_ids, made.task_ids, made.job_ids)
        assert left == ([], [], {})
        assert (made.id_map, made.frame_id_map, made.labels_task_map) == ({}, {}, {})

    def test_what_could_not_be_deleted_is_not_forgotten(self):
        api = FakeApi()

        def refuse(task_ids):
            raise PermissionError

        api.delete_tasks = refuse
        made = results(connected(api))
        with pytest.raises(PermissionError):
            made.cleanup()
        assert {name: getattr(made, name) for name in STORED} == STORED


class TestEditorAndStatus:
    @pytest.mark.parametrize(
        ("job_ids", "url"),
        [
            ({"1": [11]}, "http://cvat/tasks/1/jobs/11"),
            ({"1": []}, "http://cvat/tasks/1"),
            ({}, "http://cvat/tasks/1"),
        ],
    )
    def test_editor(self, job_ids, url):
        api = FakeApi()
        results(connected(api), job_ids=job_ids).launch_editor()
        assert api.calls == [("launch_editor", url)]

    def test_editor_without_tasks(self):
        with pytest.raises(ConfigurationError, match="'key' has no tasks"):
            results(connected(FakeApi()), task_ids=[]).launch_editor()

    def test_status_by_field_and_task(self):
        api = FakeApi(gone=[2])
        status = results(connected(api)).get_status()
        assert status == {"a": {1: api.task_summary(1)}, "v": {}}

    def test_status_for_people(self, capsys):
        results(connected(FakeApi(gone=[2]))).print_status()
        assert capsys.readouterr().out.splitlines() == [
            "Status for label field 'a':",
            "    Task 1 (task 1):",
            "        Status:       annotation",
            "        Assignee:     nobody",
            "        Last updated: today",
            "        URL:          http://cvat/tasks/1",
            "        Job 11:       validation, new, assigned to me",
            "Status for label field 'v':",
            "    no task",
        ]

    def test_status_of_several_fields_of_one_task(self, capsys):
        """What is said once of a task is not said again for each field."""
        api = FakeApi()
        summary = api.task_summary(1) | {"last_updated": "2026-11-30T19:55:01.5303Z"}
        api.task_summary = lambda task_id: summary
        map_of_both = {"a": [1], "b": [1], "c": [2]}
        results(connected(api), labels_task_map=map_of_both).print_status()
        lines = capsys.readouterr().out.splitlines()
        assert [each for each in lines if each.startswith("Status")] == [
            "Status for label fields 'a', 'b':",
            "Status for label field 'c':",
        ]
        assert lines.count("        Last updated: 2026-11-30 19:55 UTC") == 2

    @pytest.mark.parametrize(
        ("assignee", "words"), [("ann", "ann"), (7, "7"), ([1], "[1]"), ({}, "nobody")]
    )
    def test_status_with_assignees_that_are_no_users(self, capsys, assignee, words):
        api = FakeApi()
        summary = api.task_summary(1)
        summary["assignee"] = summary["jobs"][11]["assignee"] = assignee
        api.task_summary = lambda task_id: summary

        results(connected(api)).print_status()

        lines = capsys.readouterr().out.splitlines()
        assert f"        Assignee:     {words}" in lines
        assert f"        Job 11:       validation, new, assigned to {words}" in lines

    def test_status_of_a_task_without_one(self):
        api = FakeApi()
        api.task_summary = partial(Tasks.task_summary, object.__new__(Tasks))
        api.task_summary.args[0]._url = "http://cvat.example.com"
        api.task_summary.args[0].get = lambda url, **kwargs: Response(
            "GET", url, 200, "OK", {}, b'{"name": "a", "status": null, "results": []}'
        )

        with pytest.raises(AnswerError, match="api/tasks/1 answered without 'status'"):
            results(connected(api)).print_status()


def test_run_without_a_schema_is_registered(dataset):
    """FiftyOne's import of annotations asks for one only later."""
    backend = CVATBackend(CVATBackendConfig("cvat", None))

    backend.register_run(dataset, "import_")

    assert dataset.list_annotation_runs() == ["import_"]
