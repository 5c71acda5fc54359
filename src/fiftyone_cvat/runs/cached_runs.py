"""FiftyOne's cache of a dataset's runs, made to let the arguments of a load through."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

__all__ = ["RunCache", "ask_again"]


class RunCache(dict[str, Any]):
    """A dataset's runs by key, of which FiftyOne asks again for those of one class.

    FiftyOne gives keywords of ``load_annotations`` to a run that it reads from the
    database, and drops them if it finds the run in its cache. To say that a run is not
    there makes it read the run, whose results are then :meth:`known`.

    Args:
        results_class: the class of the results that FiftyOne asks for again
        before: the cache in whose place it is; who has asked that one puts the run
            that is being read into it
    """

    def __init__(self, results_class: type, before: MutableMapping[str, Any]) -> None:
        super().__init__()
        self.results_class = results_class
        self._before = before
        self._asked: str | None = None
        self._take_over()

    def __contains__(self, key: object) -> bool:
        self._take_over()
        if not isinstance(self.get(str(key)), self.results_class):
            return super().__contains__(key)
        self._asked = str(key)
        return False

    def pop(self, key: str, *default: Any) -> Any:
        """Remove a run, and return it."""
        self._take_over()
        return super().pop(key, *default)

    def clear(self) -> None:
        """Remove all runs."""
        self._before.clear()
        super().clear()

    def known(self, key: str) -> Any:
        """Return the results of a run that was not found, or None.

        Whoever has not asked the cache wants those of the database.

        Args:
            key: the run's key
        """
        asked, self._asked = self._asked, None
        return self.get(key) if asked == key else None

    def _take_over(self) -> None:
        """Take the runs that were put into the cache before since it was replaced."""
        for key, results in self._before.items():
            self.setdefault(key, results)
        self._before.clear()


def ask_again(dataset: Any, results_class: type) -> RunCache:
    """Make FiftyOne ask again for a dataset's runs each time that it loads them.

    Args:
        dataset: the dataset
        results_class: the class of the results of those runs

    Returns:
        the cache of the dataset, with its runs
    """
    cache = dataset._annotation_cache
    if not isinstance(cache, RunCache):
        cache = dataset._annotation_cache = RunCache(results_class, cache)
    return cache
