"""Results of runs that FiftyOne has cached, made to go by keywords and the database.

FiftyOne keeps the results of the last runs of a dataset. It gives the keywords of
``load_annotations`` to the configuration of a run that it reads from the database, and
drops them if it finds the run's results in that cache: the ``jobs`` of a load would be
loaded whole, and a new password not be tried. Nor does it look whether another process,
such as ``fiftyone-cvat watch``, has saved the run meanwhile: a load that does not know
of the labels which that one has added would add them again. No method of a backend is
called on that way, so the one function that all loads go through is wrapped.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import fiftyone.core.annotation as foan

from fiftyone_cvat.errors import CVATError
from fiftyone_cvat.runs.arguments import (
    server_url,
    settings_of,
    text_of,
    truth_or_text,
)
from fiftyone_cvat.runs.load_keywords import options_of_load

__all__ = [
    "cached_unless_refused",
    "heed_keywords",
    "note_file",
    "take_keywords",
    "take_stored",
]

WITH_PASSWORD = ("username", "email", "password")


def heed_keywords(results_class: type) -> None:
    """Let FiftyOne's loads of runs renew results that are in its cache.

    They get the keywords of the load, and what another process has saved of the run.

    Args:
        results_class: the class of those results; others are left alone
    """
    method: Any = foan.AnnotationMethod
    original = method.load_run_results.__func__

    @functools.wraps(original)
    def load_run_results(
        cls: Any,
        samples: Any,
        key: str,
        cache: bool = True,  # noqa: FBT001, FBT002  FiftyOne's signature
        **kwargs: Any,
    ) -> Any:
        was_cached = cache and cls.has_cached_run_results(samples, key)
        results = original(cls, samples, key, cache=cache, **kwargs)
        if not isinstance(results, results_class):
            return results
        run_doc = cls._get_run_doc(samples, key)
        if not was_cached:
            note_file(run_doc, results)
            return results
        if not _is_as_stored(run_doc, results):
            samples._root_dataset.reload()
            take_stored(results, original(cls, samples, key, cache=False))
            note_file(cls._get_run_doc(samples, key), results)
        keywords = {name: kwargs[name] for name in kwargs if name != "load_view"}
        take_keywords(results, keywords)
        return results

    method.load_run_results = classmethod(cast("Any", load_run_results))


def note_file(run_doc: Any, results: Any) -> None:
    """Note in results from which file they were read, or to which one they were saved.

    Args:
        run_doc: FiftyOne's document of the run
        results: the results of the run; None if it has none
    """
    if results is not None:
        results._file = run_doc.results.grid_id


def _is_as_stored(run_doc: Any, results: Any) -> bool:
    """Tell whether nobody else has saved a run since: each time it is another file."""
    stored = run_doc._get_collection().find_one({"_id": run_doc.id}, {"results": 1})
    return stored is not None and stored.get("results") == getattr(
        results, "_file", None
    )


def take_stored(results: Any, stored: Any) -> None:
    """Give results what is stored of their run; who is signed in stays.

    Args:
        results: the results of a run, which are changed in place
        stored: the same, as they are read from the database
    """
    for name in stored.attributes():
        if name not in ("cls", "results_cls"):
            setattr(results, name, getattr(stored, name))
    # a load that was stopped is over
    results.set_aside = results.ids_to_merge = results.ids_beside = None
    results.load_notes = None
    config, read = results.config, stored.config
    places = (read._stored_url, read._stored_organization)
    if places != (config._stored_url, config._stored_organization):
        config.url, config.organization = read.url, read.organization
        config._stored_url, config._stored_organization = places
        results.use_api(None)
    config.label_schema = read.label_schema
    config.project_id, config.project_name = read.project_id, read.project_name


def take_keywords(results: Any, keywords: Mapping[str, Any]) -> None:
    """Give the keywords of a load to results that are there already.

    What is not given stays as it was. Where anybody else is to sign in, or elsewhere,
    the next request does so.

    Args:
        results: the results of a run
        keywords: as for ``load_credentials`` of its configuration

    Raises:
        KeywordError: if there is no such keyword
        ConfigurationError: if ``url`` holds credentials, or if this FiftyOne has no
            label schemas that ``update_label_schema`` could update
    """
    config = results.config
    config.load_options = options_of_load(config, keywords)
    config.jobs = keywords.get("jobs")
    before = (config.url, settings_of(config))
    given = {name: each for name, each in keywords.items() if each is not None}
    if given.keys() & {"username", "email"}:
        config.username = config.email = None
    if given.keys() & {*WITH_PASSWORD}:
        config.access_token = None  # it would go before a password
    for name in (*WITH_PASSWORD, "headers", "access_token"):
        if name in given:
            setattr(config, name, given[name])
    if "url" in given:
        config.url = server_url(given["url"])
    if "verify_ssl" in given:
        config.verify_ssl = truth_or_text(given["verify_ssl"])
    if "organization" in given:
        organization = text_of(config.name, "organization", given["organization"])
        config.organization = organization
    if before != (config.url, settings_of(config)):
        results.use_api(None)
        results.has_new_settings = True


@contextmanager
def cached_unless_refused(results: Any) -> Iterator[None]:
    """Let FiftyOne forget results that it caches if the block refuses new settings.

    It would go on with a server, organization or password that was refused, whatever
    the next load is given.

    Args:
        results: the run's results
    """
    try:
        yield
    except CVATError:
        if results.has_new_settings:
            results.samples._root_dataset._annotation_cache.pop(results.key, None)
        raise
    results.has_new_settings = False
