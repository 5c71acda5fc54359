"""The tables of README.md beside this: each is between two markers, which name it."""

from __future__ import annotations

from pathlib import Path

__all__ = ["write_table"]

PAGE = Path(__file__).with_name("README.md")


def write_table(name: str, text: str, page: Path = PAGE) -> None:
    """Put what a script has found between the markers of a table.

    Args:
        name: the table's name, as in ``<!-- growth -->`` and ``<!-- end of growth -->``
        text: the table, as Markdown
        page: the page that has the markers

    Raises:
        ValueError: if the page has no such markers
    """
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, also_found, after = rest.partition(end)
    if not (found and also_found):
        raise ValueError(f"{page} has no '{begin.strip()}' with '{end}' behind it")
    table = f"\n{text.strip()}\n\n"
    page.write_text(f"{before}{begin}{table}{end}{after}", encoding="utf-8")
