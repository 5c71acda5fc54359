"""Arguments of a run: checked, kept out of what is stored, or read from it."""

from __future__ import annotations

import json
import os
import re
import urllib.parse
from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.runs.plain_values import to_plain

__all__ = [
    "chosen_token",
    "frame_numbers",
    "one_of",
    "one_of_words",
    "positive_number",
    "private",
    "secret",
    "secret_headers",
    "server_url",
    "settings_of",
    "stored_text",
    "text_of",
    "texts_in_turn",
    "truth",
    "truth_or_text",
    "web_address",
    "whole_number",
    "without_secrets",
]


def private(name: str, text: str) -> property:
    """Return a property kept in an attribute that FiftyOne does not store.

    Args:
        name: the property's name; an underscore before it makes the attribute's
        text: its documentation
    """

    def get(self: Any) -> Any:
        return getattr(self, f"_{name}")

    def put(self: Any, value: Any) -> None:
        setattr(self, f"_{name}", value)

    return property(get, put, doc=text)


def secret(name: str, text: str) -> property:
    """Return a property for a text that FiftyOne does not store.

    FiftyOne reads numbers and words such as "None" into the texts of environment
    variables: a password "0123" is taken from the variable itself.

    Args:
        name: the property's name; an underscore before it makes the attribute's
        text: its documentation
    """

    def get(self: Any) -> Any:
        return getattr(self, f"_{name}")

    def put(self: Any, value: Any) -> None:
        setattr(self, f"_{name}", text_of(self.name, name, value))

    return property(get, put, doc=text)


def secret_headers(text: str) -> property:
    """Return a property for ``headers`` that FiftyOne does not store.

    A variable of the environment has them as JSON, out of which FiftyOne makes a list
    or leaves a text.

    Args:
        text: its documentation
    """

    def get(self: Any) -> Any:
        return self._headers

    def put(self: Any, value: Any) -> None:
        if not isinstance(value, Mapping | None):
            written = text_of(self.name, "headers", value)
            try:
                value = json.loads(written or "")
            except ValueError:
                value = written
        if not isinstance(value, Mapping | None):
            raise ConfigurationError(
                "`headers` must be a dict of names and values; as a variable of the "
                'environment it is written as {"name": "value"}'
            ) from None
        self._headers = value or None

    return property(get, put, doc=text)


def chosen_token(name: str, given: Mapping[str, Any]) -> Any:
    """Return the access token of a new run, or None if somebody signs in otherwise.

    FiftyOne hands over keywords and what it is configured with alike. A token that it
    is configured with, in the environment say, gives way to a user who is named in the
    call: it would go before a password.

    Args:
        name: the name of the backend
        given: ``access_token``, ``username``, ``email`` and ``password``, each as it
            was handed over, or None
    """
    import fiftyone as fo

    configured = fo.annotation_config.backends.get(name, {})
    own = {key for key in given if given[key] not in (None, configured.get(key))}
    return None if own and "access_token" not in own else given["access_token"]


def settings_of(config: Any) -> dict[str, Any]:
    """Return what the API is made with besides the name and the URL.

    Args:
        config: the configuration of a run
    """
    names = ("username", "email", "password", "headers", "organization")
    more = ("access_token", "verify_ssl", "timeout", "wait_timeout")
    return {name: getattr(config, name) for name in (*names, *more)}


def server_url(url: str | None) -> str | None:
    """Return a server's URL, which must hold no credentials: it is stored and shown.

    Args:
        url: what was given

    Raises:
        ConfigurationError: if it does, or is no text; the message does not quote it
    """
    if not isinstance(url, str | None):
        raise ConfigurationError(
            "`url` must be a text, as 'https://cvat.example.com', not one of type "
            f"{type(url).__name__}"
        )
    if url and "@" in url:
        raise ConfigurationError(
            "The server's URL holds a user name or a password; give them as "
            "`username` and `password`"
        )
    return url


def text_of(backend: str, name: str, value: Any) -> str | None:
    """Return an argument as the text that the user wrote.

    Args:
        backend: the name of the backend
        name: the argument's name
        value: what FiftyOne made of it

    Raises:
        ConfigurationError: if it is no text; the message does not quote it
    """
    written = os.environ.get(f"FIFTYONE_{(backend or '').upper()}_{name.upper()}")
    # FiftyOne makes None of such words; another None is what somebody has left out
    is_word = value is not None or (written or "").lower() in ("none", "null")
    if written and is_word and not isinstance(value, str):
        return written
    value = to_plain(value)
    # FiftyOne makes numbers of texts that a file holds, too
    if not isinstance(value, str | int | float | None):
        raise ConfigurationError(
            f"`{name}` must be a text, not a value of type {type(value).__name__}"
        )
    return None if value is None else str(value)


def stored_text(backend: str, name: str, value: Any) -> str | None:
    """Return a text that is stored with a run; None is none, whatever is set now.

    Args:
        backend: the name of the backend
        name: the argument's name
        value: what FiftyOne made of it

    Raises:
        ConfigurationError: if it is no text
    """
    return None if value is None else text_of(backend, name, value)


def texts_in_turn(backend: str, name: str, value: Any) -> Any:
    """Return a text, or a list of texts that tasks or jobs take in turn.

    FiftyOne makes numbers of some that are in a variable of the environment.

    Args:
        backend: the name of the backend
        name: the argument's name
        value: None, a text, or a list of texts and None, for none

    Raises:
        ConfigurationError: if it is anything else
    """
    value = _in_order(value)
    is_listed = isinstance(value, list)
    # a variable that is empty says nothing
    texts: list[Any] = list(value) if is_listed else [None if value == "" else value]
    if any(isinstance(each, (int, float)) for each in texts):
        written = os.environ.get(f"FIFTYONE_{(backend or '').upper()}_{name.upper()}")
        if written:
            found: list[Any] = [each.strip() for each in written.split(",")]
            texts = found if is_listed else [written.strip()]
    for number, each in enumerate(texts):
        if each is not None and (not isinstance(each, str) or not each.strip()):
            place = f"`{name}[{number}]` is" if is_listed else "this is"
            raise ConfigurationError(
                f"`{name}` must be a text, or a list of texts (None in it for none), "
                f"and {place} {without_secrets(repr(each))}"
            )
    return texts if is_listed else texts[0]


def _in_order(value: Any) -> Any:
    """Return arrays and the like as lists; a set, which has no order, as it is."""
    return value if isinstance(value, set | frozenset) else to_plain(value)


def positive_number(name: str, value: Any, *, most: float = inf) -> float:
    """Return a number of seconds.

    Args:
        name: the argument's name, for the message
        value: what was given
        most: the greatest number that can work

    Raises:
        ConfigurationError: if it is no number above 0, or greater than that
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = 0.0
    if not 0 < number <= most:
        limit = "" if most == inf else f", at most {most:g}"
        raise ConfigurationError(
            f"`{name}` must be a number of seconds{limit}: {value!r}"
        )
    return number


def whole_number(
    name: str, value: Any, *, least: int, most: int | None = None
) -> int | None:
    """Return a whole number, also from the text of an environment variable.

    Args:
        name: the argument's name, for the message
        value: what was given; None stays None
        least: the least number that can work
        most: the greatest one, or None

    Raises:
        ConfigurationError: if it is no such number
    """
    if value is None:
        return None
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        number = least - 1
    if isinstance(value, bool):
        number = least - 1
    if isinstance(value, float) and value != number:
        number = least - 1
    if number < least or (most is not None and number > most):
        limits = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ConfigurationError(f"`{name}` must be a whole number {limits}: {value!r}")
    return number


def frame_numbers(name: str, value: Any, *, least: int) -> Any:
    """Return numbers of frames, of all videos or of each.

    Args:
        name: the argument's name, for the message
        value: None, a number for all videos, a list of one for each, or a dict from
            filepath to one
        least: the least number that can work

    Raises:
        ConfigurationError: if one is no such number
    """
    value = _in_order(value)
    if isinstance(value, Mapping):
        return {
            path: whole_number(f"{name}[{path!r}]", each, least=least)
            for path, each in value.items()
        }
    if isinstance(value, list):
        return [
            whole_number(f"{name}[{number}]", each, least=least)
            for number, each in enumerate(value)
        ]
    return whole_number(name, value, least=least)


def one_of(name: str, value: str, *choices: str) -> str:
    """Return one of a few words.

    Args:
        name: the argument's name, for the message
        value: what was given
        choices: what can be given

    Raises:
        ConfigurationError: if it is none of them
    """
    if value not in choices:
        words = one_of_words(choices)
        raise ConfigurationError(f"`{name}` must be {words}, not {value!r}")
    return value


def one_of_words(choices: Sequence[str]) -> str:
    """Return in words what can be given.

    Args:
        choices: what can be

    Returns:
        ``'a'``, ``'a' or 'b'``, or ``one of 'a', 'b', 'c'``
    """
    words = [repr(each) for each in choices]
    more = words[2:]
    return f"one of {', '.join(words)}" if more else " or ".join(words)


def truth(name: str, value: Any) -> bool:
    """Read a truth value, also from the text of an environment variable.

    Args:
        name: the argument's name, for the message
        value: what was given; nothing, and a text that is empty, stand for True

    Raises:
        ConfigurationError: if it is none
    """
    value = to_plain(value)
    found = truth_or_text(value) if isinstance(value, str | int | None) else value
    if not isinstance(found, bool):
        raise ConfigurationError(f"`{name}` must be True or False, not {value!r:.80}")
    return found


def web_address(name: str, value: str | None) -> str | None:
    """Return the address of a page.

    Args:
        name: the argument's name, for the message
        value: what was given; None stays None

    Raises:
        ConfigurationError: if it is none
    """
    if value is None:
        return None
    try:
        parts = urllib.parse.urlsplit(str(value).strip())
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_one = False
    if not is_one:
        raise ConfigurationError(
            f"`{name}` must be a URL, as 'https://example.com/issues/1', and "
            f"{without_secrets(repr(value))} is none"
        )
    return value


def without_secrets(text: str) -> str:
    """Return what was given as a message may quote it, at most 80 characters.

    An address may hold a user and a password before its ``@``, and a token after its
    ``?``.

    Args:
        text: what was given, or its ``repr``
    """
    text = re.sub(r".*@", "***@", text, flags=re.DOTALL)
    return re.sub(r"\?.+", "?***", text, flags=re.DOTALL)[:80]


def truth_or_text(value: Any) -> bool | str:
    """Read a truth value from an environment variable; leave a path alone.

    Nothing, and a text that is empty, stand for True.

    Raises:
        ConfigurationError: if it is neither
    """
    value = to_plain(value)
    words = {"": True, "true": True, "1": True, "false": False, "0": False}
    if isinstance(value, os.PathLike):
        return str(os.fspath(value))
    if isinstance(value, str):
        return words.get(value.strip().lower(), value)
    if not isinstance(value, int | None):
        raise ConfigurationError(
            "`verify_ssl` must be True, False or a path, not "
            f"{without_secrets(repr(value))}"
        )
    return value is None or bool(value)
