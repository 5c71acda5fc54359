"""The exceptions: one root, the builtins that callers catch, and what they say."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import pytest
import requests

from fiftyone_cvat import errors

BUILTINS = {
    "AccessDeniedError": (OSError, PermissionError),
    "AnswerError": (ValueError,),
    "AuthenticationError": (PermissionError,),
    "CVATError": (Exception,),
    "CertificateError": (ConnectionError,),
    "ConfigurationError": (ValueError,),
    "DatabaseError": (ConnectionError,),
    "GeometryError": (ValueError,),
    "KeywordError": (TypeError, ValueError),
    "MediaError": (ValueError,),
    "MismatchError": (ValueError,),
    "NotFoundError": (OSError, LookupError),
    "OrganizationError": (LookupError,),
    "RedirectError": (ConnectionError,),
    "RequestError": (OSError,),
    "RequestTimeoutError": (TimeoutError,),
    "SchemaError": (ValueError,),
    "ServerJobError": (RuntimeError,),
    "UnreachableError": (ConnectionError,),
    "UploadError": (RuntimeError,),
    "WaitTimeoutError": (TimeoutError,),
}


OF_REQUESTS = {
    "AccessDeniedError": requests.exceptions.HTTPError,
    "AuthenticationError": requests.exceptions.HTTPError,
    "CertificateError": requests.exceptions.SSLError,
    "NotFoundError": requests.exceptions.HTTPError,
    "RedirectError": requests.exceptions.TooManyRedirects,
    "RequestError": requests.exceptions.HTTPError,
    "RequestTimeoutError": requests.exceptions.Timeout,
    "UnreachableError": requests.exceptions.ConnectionError,
}
"""What goes wrong with a request, to the exception that `requests` has for it."""


def refusal(kind=errors.RequestError, detail="No Task matches."):
    return kind("GET", "http://cvat.example.com/api/tasks/1", 404, detail)


def test_table_is_complete():
    assert sorted(errors.__all__) == sorted(BUILTINS)


@pytest.mark.parametrize("name", errors.__all__)
def test_bases(name):
    kind = getattr(errors, name)

    assert issubclass(kind, errors.CVATError)
    assert all(issubclass(kind, builtin) for builtin in BUILTINS[name])
    assert kind.__doc__


@pytest.mark.parametrize("name", errors.__all__)
def test_bases_of_requests(name):
    kind = getattr(errors, name)

    is_one = issubclass(kind, requests.exceptions.RequestException)
    assert is_one == (name in OF_REQUESTS)
    assert issubclass(kind, OF_REQUESTS.get(name, object))


@pytest.mark.parametrize("name", OF_REQUESTS)
def test_answer_is_none_where_there_is_none(name):
    kind = getattr(errors, name)
    is_refusal = issubclass(kind, errors.RequestError)

    error = refusal(kind) if is_refusal else kind("what and why")

    assert error.response is None
    assert error.request is None


def test_without_requests():
    code = (
        "import sys; sys.modules['requests'] = None\n"
        "from fiftyone_cvat import errors as e\n"
        "for name in e.__all__:\n"
        "    kind = getattr(e, name)\n"
        "    few = not issubclass(kind, e.RequestError)\n"
        "    error = kind('why') if few else kind('GET', 'http://h', 404, 'why')\n"
        "    assert 'why' in str(error) and not getattr(error, 'response', None)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_help_of_the_command_line_imports_none_of_it():
    code = "import sys, fiftyone_cvat.cli; sys.exit('requests' in sys.modules)"

    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", errors.__all__)
def test_message(name):
    kind = getattr(errors, name)
    if not issubclass(kind, errors.RequestError):
        assert str(kind("what and why")) == "what and why"


def test_refusal():
    error = refusal()

    assert str(error) == (
        "CVAT answered 404 to GET http://cvat.example.com/api/tasks/1: No Task matches."
    )
    assert (error.method, error.status, error.status_code) == ("GET", 404, 404)
    assert error.url == "http://cvat.example.com/api/tasks/1"
    assert error.detail == "No Task matches."


def test_refusal_without_words():
    assert str(refusal(detail="")).endswith(": no explanation")


def test_refusal_with_advice():
    error = refusal()
    error.advice = "Look again."

    assert str(error).endswith("No Task matches. Look again.")


@pytest.mark.parametrize(
    "kind", [errors.RequestError, errors.NotFoundError, errors.AccessDeniedError]
)
@pytest.mark.parametrize(
    "duplicate", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))]
)
def test_refusals_can_be_copied(kind, duplicate):
    error = refusal(kind)
    error.advice = "Look again."
    error.may_have_been_processed = True
    error.response = object()  # an answer may hold secrets

    again = duplicate(error)

    assert type(again) is kind
    assert str(again) == str(error)
    assert again.status == 404
    assert again.response is None
    assert again.may_have_been_processed
