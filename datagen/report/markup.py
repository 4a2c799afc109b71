"""HTML that can't be broken by what users call their files."""

import html
from collections.abc import Iterable, Sequence

_VOID = ("img",)


class Markup(str):
    """Text that is HTML already; every other text is escaped where it is put into a tag."""

    __slots__ = ()


def tag(name: str, *children: str, **attributes: object) -> Markup:
    """An element. Attributes that are None are left out, and ``class_`` is ``class``."""
    pairs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = together(children)
    return Markup(f"<{name}{pairs}>" if name in _VOID else f"<{name}{pairs}>{inside}</{name}>")


def together(children: Iterable[str]) -> Markup:
    """Pieces one after the other, escaped where they aren't Markup."""
    return Markup(
        "".join(child if isinstance(child, Markup) else html.escape(child) for child in children)
    )


def table(
    head: Iterable[str], rows: Iterable[Sequence[str]], caption: str, *, text: int = 1
) -> Markup:
    """A table that scrolls by itself where it is too wide.

    A row's first cell is its header. The first ``text`` columns hold text, the others numbers.
    """
    titles = (
        tag("th", title, scope="col", class_="number" if n >= text else None)
        for n, title in enumerate(head)
    )
    lines = (tag("tr", tag("th", row[0], scope="row"), *_cells(row, text)) for row in rows)
    whole = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *titles)),
        tag("tbody", *lines),
    )
    return tag("div", whole, class_="scroll", tabindex=0, role="group", aria_label=caption)


def _cells(row: Sequence[str], text: int) -> Iterable[Markup]:
    for n, cell in enumerate(row[1:], start=1):
        yield tag("td", cell, class_="number" if n >= text else None)


def section(anchor: str, title: str, *children: str) -> Markup:
    """A part of the page with its heading."""
    heading = tag("h2", title, id=f"{anchor}-title")
    return tag("section", heading, *children, id=anchor, aria_labelledby=f"{anchor}-title")


def part(title: str, *children: str) -> Markup:
    """A part of a section."""
    return together([tag("h3", title), *children])


def note(*text: str) -> Markup:
    """A remark in small print."""
    return tag("p", *text, class_="note")
