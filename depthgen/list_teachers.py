"""``depthgen teachers``: the table of teachers."""

from depthgen.teachers import OPEN_KINDS, TEACHERS, is_here
from depthgen.teachers.card import Card
from depthgen.teachers.speeds import read_speeds

HEADS = ("name", "parameters", "input", "depth", "licence", "here", "s/picture", "weights")


def list_teachers() -> str:
    """The table as text: a row a teacher, and how others are named."""
    speeds = read_speeds()
    rows = [HEADS, *(_row(card, speeds.get(card.name)) for card in TEACHERS.values())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    remarks = [f"{card.name}: {card.remark}" for card in TEACHERS.values()]
    others = [f"{name}: {text}" for name, text in OPEN_KINDS.items()]
    return "\n".join([*lines, "", *remarks, "", "Others:", *others])


def _row(card: Card, speed: tuple[float, str] | None) -> tuple[str, ...]:
    meaning = card.meaning
    unit = "" if meaning.unit == "none" else f", {meaning.unit}"
    return (
        card.name,
        f"{card.parameters:,}" if card.parameters else "-",
        card.input_size,
        f"{meaning.kind}{unit}, near is {meaning.near_is}",
        card.licence,
        "yes" if is_here(card.name, None) else "no",
        f"{speed[0]:.4f} ({speed[1]})" if speed else "-",
        card.source,
    )
