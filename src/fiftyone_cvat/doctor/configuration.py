"""What FiftyOne would connect with, read from its configuration."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fiftyone_cvat.doctor.findings import Finding, State, kind_and_words, skip
from fiftyone_cvat.errors import ConfigurationError
from fiftyone_cvat.types import CONFIG_CLS

__all__ = ["Setup", "check_backend", "check_configuration", "read_setup"]

BUILT_IN = "fiftyone.utils.cvat."
CREDENTIALS = ("access_token", "username", "email", "password")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What FiftyOne would connect with.

    Attributes:
        url: the server's address, without a slash at its end; may be empty
        username, email, password, access_token: what to sign in with, if given
        headers: headers for all requests
        organization: the short name of the organization, or None
        verify_ssl: True, False, or the path of a CA bundle
    """

    url: str = ""
    username: str | None = None
    email: str | None = None
    password: str | None = field(default=None, repr=False)
    access_token: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    organization: str | None = None
    verify_ssl: bool | str = True

    @property
    def is_usable(self) -> bool:
        """Whether there is an address to try."""
        return bool(self.url)

    @property
    def who(self) -> str:
        """How to sign in, in words; empty if there are no credentials."""
        if self.access_token:
            return "the access token"
        name = self.username or self.email
        if name and self.password is not None:
            return f"the password of '{name}'"
        signed = any(each.lower() == "authorization" for each in self.headers)
        return "the Authorization header" if signed else ""


def read_setup(
    backend: str, overrides: Mapping[str, Any]
) -> tuple[Setup, list[Finding]]:
    """Read FiftyOne's configuration of a backend.

    Args:
        backend: the name of the backend
        overrides: what to use in place of what is configured; None values are left out

    Returns:
        what it says, and the findings about the backend and its configuration
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    prefix = f"FIFTYONE_{backend.upper()}_"
    try:
        import fiftyone as fo

        from fiftyone_cvat.backend import CVATBackendConfig

        backends = fo.annotation_config.backends
    except Exception as error:  # noqa: BLE001  a broken installation is a finding
        broken = Finding(
            "backend",
            State.WRONG,
            f"FiftyOne does not start: {kind_and_words(error)}",
            "check its installation and its configuration files",
        )
        return Setup(), [broken, *skip(broken, "configuration")]
    active = check_backend(backend, backends)
    if backend not in backends and not given:
        return Setup(), [active, *skip(active, "configuration")]
    configured = dict(backends.get(backend, {}))
    configured.pop("config_cls", None)
    if given.keys() & set(CREDENTIALS):  # one way to sign in: what was given
        unused = "password" if "access_token" in given else "access_token"
        given = {unused: "", **given}
    try:
        config = CVATBackendConfig(backend, {}, **(configured | given))
    except (ConfigurationError, TypeError) as error:
        wrong = Finding(
            "configuration",
            State.WRONG,
            str(error),
            f"correct {prefix}... or FiftyOne's annotation_config.json",
        )
        return Setup(), [active, wrong]
    setup = Setup(
        url=(config.url or "").strip().rstrip("/"),
        **{name: getattr(config, name) or None for name in CREDENTIALS},
        headers=config.headers or {},
        organization=config.organization,
        verify_ssl=config.verify_ssl,
    )
    known_names = inspect.signature(CVATBackendConfig).parameters
    unknown = sorted(configured.keys() - known_names.keys())
    return setup, [active, check_configuration(setup, prefix, unknown)]


def check_backend(backend: str, backends: Mapping[str, Mapping[str, Any]]) -> Finding:
    """Tell whose backend stands behind a name, and how to change that.

    Args:
        backend: the name
        backends: what FiftyOne has, by name
    """
    name, prefix = "backend", f"FIFTYONE_{backend.upper()}_"
    is_other = "" if backend == "cvat" else f'"{backend}"'
    how = f"set {prefix}CONFIG_CLS={CONFIG_CLS}, or call "
    how += f"fiftyone_cvat.enable({is_other}) in your code"
    if backend not in backends:
        words = f"FiftyOne has no backend '{backend}'; it has "
        return Finding(
            name,
            State.WRONG,
            words + (", ".join(sorted(backends)) or "none"),
            f'set FIFTYONE_ANNOTATION_BACKENDS="*,{backend}" and '
            f"{prefix}CONFIG_CLS={CONFIG_CLS}, or give another one with --backend",
        )
    config_cls = str(backends[backend].get("config_cls"))
    if config_cls.startswith("fiftyone_cvat."):
        from eta.core.utils import get_class

        try:
            get_class(config_cls)
        except (ImportError, AttributeError):
            words = f'backend="{backend}" is {config_cls}, which this package lacks'
            return Finding(name, State.WRONG, words, how)
        words = f'backend="{backend}" is this package, fiftyone-cvat'
        return Finding(name, State.OK, words)
    if config_cls.startswith(BUILT_IN):
        words = f'backend="{backend}" is FiftyOne\'s built-in CVAT integration, not '
        return Finding(name, State.WARNING, words + "this package", how)
    words = f'backend="{backend}" is {config_cls}, not this package'
    return Finding(name, State.WARNING, words, how)


def check_configuration(setup: Setup, prefix: str, unknown: list[str]) -> Finding:
    """Tell whether a configuration can work.

    Args:
        setup: what is configured
        prefix: how the backend's environment variables begin
        unknown: names in the configuration that the backend does not know
    """
    name = "configuration"
    if not setup.url:
        return Finding(
            name, State.WRONG, "no server", f"set {prefix}URL, or give --url"
        )
    if not setup.who:
        missing = "no password" if setup.username or setup.email else "no credentials"
        return Finding(
            name,
            State.WRONG,
            f"{missing} for {setup.url}",
            f"set {prefix}ACCESS_TOKEN, or {prefix}USERNAME and {prefix}PASSWORD",
        )
    words = f"{setup.url}, signing in with {setup.who}"
    if unknown:
        variables = ", ".join(f"{prefix}{each.upper()}" for each in unknown)
        return Finding(
            name,
            State.WARNING,
            f"{words}; but this backend knows no {variables}",
            "correct the spelling, or remove it",
        )
    return Finding(name, State.OK, words)
