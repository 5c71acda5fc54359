"""Users of the server."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from fiftyone_cvat.server.session import Session

__all__ = ["Users"]

logger = logging.getLogger(__name__)


class Users(Session):
    """Find users."""

    def get_user_id(self, username: str | None) -> int | None:
        """Retrieves the CVAT user ID for the given username.

        Args:
            username: the username

        Returns:
            the user ID, or None if the user was not found, which is told once
        """
        user_id = self._get_value_update_map(
            username, self._user_id_map, "username", self.user_search_url
        )
        is_unknown = username is not None and user_id is None
        if is_unknown and username not in self._unknown_users:
            self._unknown_users.add(str(username))
            logger.warning("User '%s' not found on %s", username, self.base_url)
        return user_id

    @contextmanager
    def _told_of_users(self, usernames: Iterable[str | None]) -> Iterator[None]:
        """Let nobody warn of unknown users in the block: an error tells of them.

        Args:
            usernames: their names
        """
        before = set(self._unknown_users)
        self._unknown_users.update(each for each in usernames if each is not None)
        try:
            yield
        finally:
            self._unknown_users = before
