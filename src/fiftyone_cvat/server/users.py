"""Users of the server."""

from __future__ import annotations

import logging

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
            the user ID, or None if the user was not found
        """
        user_id = self._get_value_update_map(
            username, self._user_id_map, "username", self.user_search_url
        )
        if username is not None and user_id is None:
            logger.warning("User '%s' not found on %s", username, self.base_url)
        return user_id
