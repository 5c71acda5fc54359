"""Names that a user writes: those that nothing knows are told, with what is meant."""

from __future__ import annotations

import difflib
import inspect
import logging
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from fiftyone_cvat.errors import KeywordError

__all__ = [
    "check_keywords",
    "known_keywords",
    "meant_by",
    "nearest",
    "refuse_members",
    "tell_of_session",
    "tell_other_server",
    "tell_unknown_keywords",
    "tell_unknown_names",
    "without_credentials",
]

logger = logging.getLogger(__name__)

CREDENTIAL = re.compile(
    r"pas|pwd|\bpw\b|psswo|tok|bearer|secret|cred|cookie|session|header|auth|login"
    r"|(?<!anno_)key(?!frame|point)",
    re.I,
)
"""Names that may be meant for a credential, misspelt ones too."""

MEANT = {"type": "label_type", "method": "backend"}
"""Names of FiftyOne's configurations that are no keywords, to what is meant by them."""

CREDENTIALS = ("username", "email", "password", "access_token", "headers")

OF_LOADS = (
    *("dest_field", "unexpected", "cleanup", "progress"),
    *("jobs", "update_label_schema"),
)
"""What FiftyOne's ``load_annotations`` takes besides, and what only loads know."""

NOT_CONFIGURED = "https://app.cvat.ai"
"""The server that FiftyOne's configuration names where nobody has named one."""


def meant_by(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence that asks for the known name that may be meant.

    Args:
        name: a name that is not known
        known: those that are
    """
    near = nearest(name, known)
    return "" if near is None else f": did you mean `{near}`?"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that may be meant; None if none is like it.

    Args:
        name: a name that is not known
        known: those that are
    """
    names = list(dict.fromkeys(known))
    near = [each for each in names if each.startswith(name)] if name else []
    near = near or difflib.get_close_matches(name, names, n=1)
    return near[0] if near else None


def known_keywords(config_class: type) -> list[str]:
    """Return the keywords that a backend's configuration knows, with FiftyOne's own.

    Args:
        config_class: its class, with those that it is made of
    """
    names = [
        each.name
        for kind in config_class.__mro__
        for each in inspect.signature(kind).parameters.values()
        if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    return [*names, "config_cls"]


def check_keywords(
    config_class: type, keywords: Iterable[str], more: Iterable[str] = ()
) -> None:
    """Refuse keywords of a load that no configuration knows.

    Those of a configuration say how a run is sent, and nothing to one that was.

    Args:
        config_class: the class of the run's configuration
        keywords: the names of the keywords
        more: what the call knows besides

    Raises:
        KeywordError: if there is no such keyword, with the one that may be meant
    """
    known = known_keywords(config_class)
    for name in keywords:
        if name not in known:
            meant = meant_by(name, [*more, *OF_LOADS, *known])
            raise KeywordError(f"A load of the CVAT backend knows no `{name}`{meant}")


def tell_unknown_keywords(config: Any) -> None:
    """Warn of keywords that nothing uses, with the one that may be meant.

    Args:
        config: the run's :class:`CVATBackendConfig`
    """
    names = [name for name in vars(config) if not name.startswith("_")]
    tell_unknown_names(type(config), names, hints=_of_annotate())


def _of_annotate() -> list[str]:
    """Return what FiftyOne's ``annotate`` takes itself: a backend does not see it."""
    import fiftyone.utils.annotations as foua

    return list(inspect.signature(foua.annotate).parameters)


def tell_unknown_names(
    config_class: type,
    names: Iterable[str],
    more: Iterable[str] = (),
    hints: Iterable[str] = (),
) -> None:
    """Warn of names of keywords that nothing uses, with the one that may be meant.

    Args:
        config_class: the class of the configuration that knows the others
        names: the names that were given
        more: what the call knows besides
        hints: names that may be meant, too
    """
    known = [*more, *known_keywords(config_class)]
    hints = [*known, *hints]
    for name in names:
        if name not in known:
            meant = meant_by(name, hints)
            logger.warning(
                "The CVAT backend knows no `%s` and ignores it%s", name, meant
            )


def tell_of_session(config: Any) -> None:
    """Warn of unknown keywords of a session without a run: a run has told them.

    Args:
        config: the :class:`CVATBackendConfig` that the session is made of
    """
    if config.label_schema is None:
        tell_unknown_keywords(config)


def refuse_members(config_class: type, keywords: Iterable[str]) -> None:
    """Refuse keywords that FiftyOne would put in place of a configuration's members.

    Args:
        config_class: the class of the configuration
        keywords: the names of keywords that it does not know

    Raises:
        KeywordError: if one is the name of a method, or of a property that is read only
    """
    for name in keywords:
        member = getattr(config_class, name, None)
        is_settable = isinstance(member, property) and member.fset is not None
        if is_settable or not (callable(member) or isinstance(member, property)):
            continue
        meant = MEANT.get(name)
        question = f": did you mean `{meant}`?" if meant else ""
        raise KeywordError(f"The CVAT backend takes no `{name}`{question}")


@cache
def tell_other_server(sent_to: str, configured: str) -> None:
    """Warn, once per process, that a run is not at the server that is configured.

    Args:
        sent_to: the address of the server that a run was sent to, which is asked
        configured: the one that FiftyOne's configuration or environment names
    """
    if configured.rstrip("/") not in (sent_to.rstrip("/"), NOT_CONFIGURED):
        logger.warning(
            "The run is at %s, which is asked with your credentials; the configured "
            "server %s is not. If the run has moved there, give `url=%r`",
            sent_to,
            configured,
            configured,
        )


def _may_be_credential(name: str) -> bool:
    near = difflib.get_close_matches(name, CREDENTIALS, n=1)
    return bool(near or CREDENTIAL.search(name))


def without_credentials(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what looks like a credential under a name that the backend lacks.

    FiftyOne would store it with the run.

    Args:
        keywords: keywords that the backend does not know
    """
    found = sorted(each for each in keywords if _may_be_credential(each))
    if found:
        logger.warning(
            "The backend knows no `%s`: left out, since it may be a secret; it knows "
            "`username`, `email`, `password`, `access_token` and `headers`%s",
            "`, `".join(found),
            meant_by(found[0], CREDENTIALS) if len(found) == 1 else "",
        )
    return {name: each for name, each in keywords.items() if name not in found}
