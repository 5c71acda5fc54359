"""Where the tasks of a run are, if they are not where they are looked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fiftyone_cvat.errors import (
    AccessDeniedError,
    NotFoundError,
    OrganizationError,
)
from fiftyone_cvat.transport.responses import results_of, value_in

if TYPE_CHECKING:
    from fiftyone_cvat.api import CVATAnnotationAPI

__all__ = ["Whereabouts", "attach_call"]

PAGE_SIZE = 500


class Whereabouts:
    """Tells why tasks of one run are not seen.

    Args:
        api: the session
        results: the run's results
    """

    def __init__(self, api: CVATAnnotationAPI, results: Any) -> None:
        self._api = api
        self._results = results
        self._reasons: dict[int, str] = {}
        self._slugs: dict[int, str] | None = None

    def refusal(self, task_id: int) -> OrganizationError | None:
        """Return the refusal of a task that another organization shows than has it.

        Only if a run is looked for in another one than it was sent to is the server
        asked: it shows tasks of all organizations to whoever may see them, so that
        nothing else tells which was meant.

        Args:
            task_id: the task

        Returns:
            None if the task is in the organization, or if none was named, or if the
            server does not show it at all
        """
        api, results = self._api, self._results
        organization = api._organization or None
        sent_to = results.config._stored_organization or None
        if organization in (None, sent_to):
            return None
        found, there = self._organization_of(task_id)
        if not found or there == organization:
            return None
        self._reasons[task_id] = (
            f"Task {task_id} of run '{results.key}' is in the organization {there} of "
            f"CVAT at {api.base_url}, and is looked for in {organization}; the run was "
            f"sent to {sent_to}. Its labels stay as they are here. Leave "
            f"`organization` out, or give `organization='{there or ''}'`; if other "
            f"tasks have taken its place, {_moved(results.key)}"
        )
        return OrganizationError(self._reasons[task_id])

    def reason(self, task_id: int) -> str | None:
        """Return why a task that is there may not be seen, and what to do about it.

        Args:
            task_id: the task

        Returns:
            None if it is looked for where it was sent, and not seen in any organization
        """
        if task_id in self._reasons:
            return self._reasons[task_id]
        api, results = self._api, self._results
        config = results.config
        organization = api._organization or None
        url = str(config._stored_url or config.url or "").rstrip("/")
        sent_to = (url, config._stored_organization or None)
        if sent_to != (api.base_url, organization):
            return (
                f"CVAT at {api.base_url} (organization: {organization}) does not show "
                f"task {task_id} of run '{results.key}', which was sent to "
                f"{sent_to[0]} (organization: {sent_to[1]}): load it from there; its "
                f"labels stay as they are here. If it has moved, {_moved(results.key)}"
            )
        if organization is None:
            return None
        found, there = self._organization_of(task_id)
        if not found or there == organization:
            return None
        return (
            f"Task {task_id} of run '{results.key}' is in the organization {there} of "
            f"CVAT at {api.base_url} now, and was looked for in {organization}, which "
            "it was sent to; its labels stay as they are here. Give "
            f"`organization='{there or ''}'`, or {_moved(results.key)}"
        )

    def _organization_of(self, task_id: int) -> tuple[bool, str | None]:
        """Return whether a task is seen in any organization, and which one it is in."""
        api = self._api
        anywhere = {"X-Organization": None}
        try:
            answer = api.get(
                api.task_url(task_id), headers=anywhere, print_error_info=False
            )
        except (NotFoundError, AccessDeniedError):
            return False, None
        number = answer.json().get("organization_id")
        if number is None:
            return True, None
        if self._slugs is None:
            url = f"{api.base_api_url}/organizations"
            answer = api.get(url, headers=anywhere, params={"page_size": PAGE_SIZE})
            self._slugs = {
                each["id"]: str(value_in(each, "slug", url))
                for each in results_of(answer)
                if each.get("id") is not None
            }
        return True, self._slugs.get(number, f"with the id {number}")


def attach_call(key: str, task_ids: Iterable[int]) -> str:
    """Return the call that points a run at other tasks.

    Args:
        key: the run's key
        task_ids: the tasks whose place others have taken
    """
    pairs = ", ".join(f"{task_id}: NEW_TASK" for task_id in task_ids)
    return f"`fiftyone_cvat.attach(dataset, '{key}', {{{pairs}}})`"


def _moved(key: str) -> str:
    return (
        f"point the run at them: `fiftyone_cvat.attach(dataset, '{key}', "
        "{OLD_TASK: NEW_TASK}, url=..., organization=...)`"
    )
