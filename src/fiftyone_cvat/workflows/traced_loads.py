"""Loads that tell on which samples they have changed what."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from fiftyone_cvat.convert.shared.frames import frame_refs
from fiftyone_cvat.dataset.label_digests import DigestsBySample, label_digests
from fiftyone_cvat.dataset.run_samples import in_dataset
from fiftyone_cvat.runs.chosen_jobs import ChosenJobs
from fiftyone_cvat.workflows.loading import load
from fiftyone_cvat.workflows.results import results_of_run

__all__ = ["LoadReport", "traced_load"]

MAX_SAMPLES = 20_000
"""Samples that are told of a field, of each kind of change."""

CHANGES = ("changed", "added", "deleted")
CREDENTIALS = (
    "url",
    "username",
    "password",
    "email",
    "headers",
    "access_token",
    "verify_ssl",
    "organization",
)


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load has done.

    Attributes:
        date: when it ended, in UTC, in ISO form, as the run's results say it
        lines: what became of the labels, in words
        counts: field to how many labels were ``kept``, ``changed``, ``added``,
            ``deleted`` and ``unmatched``
        samples: field to ``changed``, ``added`` and ``deleted``, each to the ids of the
            samples with such labels, at most 20,000
    """

    date: str | None
    lines: list[str]
    counts: dict[str, dict[str, int]]
    samples: dict[str, dict[str, list[str]]]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


def traced_load(
    samples: Any,
    anno_key: str,
    *,
    jobs: ChosenJobs = None,
    dest_field: Any = None,
    **settings: Any,
) -> LoadReport:
    """Load the labels of a run, and tell on which samples what has changed.

    Args:
        samples: the dataset, or a view into it
        anno_key: the annotation key
        jobs: as for ``load``
        dest_field: likewise
        **settings: what ``load`` takes besides

    Raises:
        ConfigurationError: as ``load`` does
    """
    dataset = samples._root_dataset
    names = {key: each for key, each in settings.items() if key in CREDENTIALS}
    results = results_of_run(dataset, anno_key, **names)
    fields = _holders(results, dest_field)
    sample_ids = _sample_ids(results)
    before = {each: _digests(dataset, each, sample_ids) for each in fields}
    load(samples, anno_key, jobs=jobs, dest_field=dest_field, **settings)
    results = results_of_run(dataset, anno_key, **names)
    counts = results.reconciliation
    return LoadReport(
        date=results.load_date,
        lines=counts.lines(),
        counts={str(each): counts.totals(each) for each in counts.counts},
        samples={
            each: dict(_changes(before[each], _digests(dataset, each, sample_ids)))
            for each in fields
        },
    )


def _holders(results: Any, dest_field: Any) -> list[str]:
    """Return the fields of the dataset that labels are loaded into."""
    fields = [str(each) for each in results.config.label_schema]
    if isinstance(dest_field, str):
        fields = [dest_field]
    elif dest_field:
        fields = [dest_field.get(each, each) for each in fields]
    prefix = results.samples._root_dataset._FRAMES_PREFIX
    if results._is_frames:
        return [f"{prefix}{each.removeprefix(prefix)}" for each in fields]
    return fields


def _sample_ids(results: Any) -> list[str]:
    """Return the samples of the dataset that a run has sent, each once."""
    refs = (frame_refs(each).values() for each in results.frame_id_map.values())
    found = {in_dataset(results, ref).sample_id for of_task in refs for ref in of_task}
    return sorted(found)


def _digests(
    dataset: Any, label_field: str, sample_ids: Collection[str]
) -> DigestsBySample:
    """Return the digests of a field's labels; none if there is no such field yet."""
    if dataset.get_field(label_field) is None:
        return {}
    return label_digests(dataset, label_field, sample_ids)


def _changes(
    before: DigestsBySample, after: DigestsBySample
) -> Iterator[tuple[str, list[str]]]:
    """Yield each kind of change with the samples that have labels of it."""
    found: dict[str, list[str]] = {each: [] for each in CHANGES}
    for sample_id in {**before, **after}:
        old, new = before.get(sample_id, {}), after.get(sample_id, {})
        shared = old.keys() & new.keys()
        if any(old[each] != new[each] for each in shared):
            found["changed"].append(sample_id)
        if new.keys() - old.keys():
            found["added"].append(sample_id)
        if old.keys() - new.keys():
            found["deleted"].append(sample_id)
    for what, ids in found.items():
        yield what, ids[:MAX_SAMPLES]
