"""File names that some step on the way to the server changes, each for a reason."""

from __future__ import annotations

AWKWARD_NAMES = (
    " blank before.png",
    "blank behind .png",
    "back\\slash.png",
    'a "quoted" name.png',
    "R&amp;D.png",
    "&lt.png",
    "&#65;.png",
    "plain & simple.png",
    "t\tab.png",
    "new\nline.png",
    "return\r.png",
    "zero\u200bwidth.png",
    "joined \U0001f469\u200d\U0001f4bb.png",
    "no\u00a0break.png",
    "right to left \u202e.png",
    "\ufeffmark.png",
    "percent %22 %0A.png",
    "data:a.png",
    "http:a#b.png",
    "12:30.png",
    "semi;colon=name.png",
    "L" * 251 + ".png",
    "é" * 125 + ".png",
)

PAIRS = (
    ("a\\x.png", "x.png"),
    ("back\\x.png", "forth\\x.png"),
    ("&amp;.png", "&.png"),
    ("t\tb.png", "tb.png"),
    ('q"q.png', "q%22q.png"),
    ("a\u200bb.png", "ab.png"),
    ("a\\b.png", "a_b.png"),
    (" a.png", "_a.png"),
    ("one/" + "L" * 251 + ".png", "two/" + "L" * 251 + ".png"),
    ("one/" + "é" * 125 + "e.png", "two/" + "é" * 125 + "e.png"),
    ("caf\u00e9.png", "cafe\u0301.png"),
)
"""Names that are the same on the server, unless they are sent as others."""
