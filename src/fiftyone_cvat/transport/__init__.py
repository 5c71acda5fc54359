"""The wire: requests go in, answers as plain values come out.

The only room that imports cvat-sdk's client. What happens to a request between here and
the server stands here, too: when it is sent again, how long anybody waits, what is
blanked out of what the server says, and what is read of each answer. Nothing here knows
what a task or a label is.

Open :mod:`~fiftyone_cvat.transport.connection` first: it sends a request. What one is
made of is in ``requests``, what comes back in ``responses``, why nothing comes back in
``failures``. The SDK's session and pool are in ``sdk_client``.
"""
