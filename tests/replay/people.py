"""Other people on the server besides the user of the tests."""

from __future__ import annotations

import contextlib

from fiftyone_cvat import CVATAnnotationAPI

__all__ = ["VIEWER", "invite", "new_viewer", "signed_in"]

VIEWER = "viewer-of-some-tasks"
EMAIL = "viewer@example.com"


@contextlib.contextmanager
def signed_in(server, username):
    """Sign in with a password: tokens may not change accounts."""
    with CVATAnnotationAPI(
        "cvat", url=server.url, username=username, password=server.password
    ) as made:
        yield made


@contextlib.contextmanager
def new_viewer(server):
    """Make a user who sees only what is assigned to him; yield how he signs in."""
    with CVATAnnotationAPI("cvat", **server.credentials) as guest:
        body = {
            "username": VIEWER,
            "email": EMAIL,
            "first_name": "Vi",
            "last_name": "Ewer",
            "password1": server.password,
            "password2": server.password,
        }
        url = f"{guest.base_api_url}/auth/register"
        guest.post(url, json=body, headers={"Authorization": None})
        try:
            yield {
                "url": server.url,
                "username": VIEWER,
                "password": server.password,
            }
        finally:
            with signed_in(server, server.username) as admin:
                user_id = admin.get_user_id(VIEWER)
                admin.delete(f"{admin.users_url}/{user_id}")


def invite(server, role, organization=None):
    """Make the viewer a member of an organization, until the account is deleted.

    Args:
        server: the server
        role: the role there
        organization: its short name, or None for that of the tests
    """
    with signed_in(server, server.username) as admin:
        admin.post(
            f"{admin.base_api_url}/invitations",
            params={"org": organization or server.organization},
            json={"role": role, "email": EMAIL},
        )
