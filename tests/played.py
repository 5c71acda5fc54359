"""Runs a script, or a command, in this process while a cassette plays the server.

``python -m tests.played CASSETTE [-] PROGRAM [ARGUMENT ...]``: the program is the path
of a script, or ``fiftyone-cvat``; with ``-`` what standard input has is run before it.
The environment is that of the process: nothing of pytest is loaded, and nothing of
logging is configured, but by the program.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path

CASSETTES = Path(__file__).parents[1] / "cassettes"


def main(name: str, program: str, *arguments: str) -> None:
    from bson import ObjectId

    from tests.replay.cassettes import Server, use_cassette
    from tests.replay.repeatable_ids import RepeatableIds

    if program == "-":
        exec(sys.stdin.read(), {})
        program, *arguments = arguments
    if program != "fiftyone-cvat":  # nothing that a command sends has an id in it
        ObjectId._ObjectId__generate = RepeatableIds(name).method()
    with use_cassette(CASSETTES / f"{name}.yaml", Server(), record=False):
        if program == "fiftyone-cvat":
            from fiftyone_cvat import cli

            sys.argv = [program, *arguments]
            cli.main()
        else:
            values = json.loads(os.environ["TESTS_VALUES"])
            runpy.run_path(program, init_globals=values)


if __name__ == "__main__":
    main(*sys.argv[1:])
