"""FiftyOne's cache of a dataset's runs, made to let the arguments of a load through."""

from __future__ import annotations

from typing import Any

__all__ = ["RunCache", "ask_again"]


class RunCache(dict[str, Any]):
    """A dataset's runs by key, of which FiftyOne asks again for those of one class.

    FiftyOne gives keywords of ``load_annotations`` to a run that it reads from the
    database, and drops them if it finds the run in its cache. To say that a run is not
    there makes it read the run, whose results are then :meth:`known`.

    Args:
        results_class: the class of the results that FiftyOne asks for again
        runs: the runs by key
    """

    def __init__(self, results_class: type, runs: Any = ()) -> None:
        super().__init__(runs)
        self.results_class = results_class
        self._asked: str | None = None

    def __contains__(self, key: object) -> bool:
        if not isinstance(self.get(str(key)), self.results_class):
            return super().__contains__(key)
        self._asked = str(key)
        return False

    def known(self, key: str) -> Any:
        """Return the results of a run that was not found, or None.

        Whoever has not asked the cache wants those of the database.

        Args:
            key: the run's key
        """
        asked, self._asked = self._asked, None
        return self.get(key) if asked == key else None


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
