"""Which files belong together, from their names alone: one table of patterns per known layout.

A pattern matches the end of a file's path below its stream's folder, without the ending. Files
whose groups ``bg``, ``fg`` and ``number`` are the same belong to one sample; ``name`` is for
layouts that only have one name for all streams.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

Layout = Literal["names", "mdeas", "gilf", "futartup", "vathos", "sushmitha"]
DataStream = Literal["fg_bg", "mask", "depth"]
_NAME = r"(?P<name>.+)"
_PAIR = r"(?P<bg>[^/]+)/(?P<fg>[^/]+)/"
_GILF = r"bg_?(?P<bg>\d+)_fg_?(?P<fg>\d+(?:_\d\d)?)_(?P<number>\d+)"
_VATHOS = r"fg_(?P<fg>\d+)_bg_(?P<bg>\d+)_(?:[a-z_]+_)?(?P<number>\d+)"

PATTERNS: Mapping[Layout, Mapping[DataStream, str]] = {
    "names": {"fg_bg": _NAME, "mask": _NAME, "depth": _NAME},
    "mdeas": {
        "fg_bg": _PAIR + r"overlay/(?P<number>\d+)",
        "mask": _PAIR + r"mask/(?P<number>\d+)",
        "depth": _PAIR + r"depth/(?P<number>\d+)",
    },
    "gilf": {"fg_bg": _GILF, "mask": _GILF, "depth": _GILF + r"(?:_depth_map_\d+)?"},
    "futartup": {
        "fg_bg": r"(?P<number>\d+)",
        "mask": r"(?:bw_)?(?P<number>\d+)",
        "depth": r"(?P<number>\d+)",
    },
    "vathos": {"fg_bg": _VATHOS, "mask": _VATHOS, "depth": "(?:mask_)?" + _VATHOS},
    "sushmitha": {
        "fg_bg": r"fg-bg(?P<number>\d+)",
        "mask": r"fg-bg-mask(?P<number>\d+)",
        "depth": r"depth(?P<number>\d+)",
    },
}


class Joint(NamedTuple):
    """What a file's name says: equal for the files of one sample; empty where it says nothing."""

    bg: str = ""
    fg: str = ""
    number: str = ""
    name: str = ""

    @property
    def key(self) -> str:
        """The sample's name."""
        return self.name or "_".join(part for part in (self.bg, self.fg, self.number) if part)


def joints(layout: Layout, stream: DataStream, stems: Iterable[str]) -> dict[Joint, str]:
    """The stems that fit the layout, by what they say; of two that say the same the first."""
    pattern = re.compile(rf"(?:^|/)(?:{PATTERNS[layout][stream]})$")
    found: dict[Joint, str] = {}
    for stem in stems:
        match = pattern.search(stem)
        if match:
            found.setdefault(Joint(**match.groupdict()), stem)
    return found


class BackgroundNames:
    """Finds the background that a sample was drawn on."""

    def __init__(self, stems: Sequence[str], per_bg: int | None) -> None:
        self._stems, self._per_bg = list(stems), per_bg
        self._known = set(stems)
        self._numbers: dict[int, str] = {}
        for stem in stems:
            digits = re.search(r"(\d+)$", stem)
            if digits:
                self._numbers.setdefault(int(digits[1]), stem)
        self._longest_first = sorted(stems, key=len, reverse=True)

    def of(self, joint: Joint, position: int) -> str | None:
        """The stem of a sample's background, None where the names don't say.

        ``position`` counts samples from 0: with ``per_bg`` so many follow each other on one
        background, in the order of the numbers in their names where they have some.
        """
        if self._per_bg:
            place = int(joint.number) - 1 if joint.number else position
            row = place // self._per_bg
            return self._numbers.get(row + 1) or (
                self._stems[row] if row < len(self._stems) else None
            )
        if joint.bg:
            return self._by_name(joint.bg)
        if joint.name in self._known:
            return joint.name
        return next((stem for stem in self._longest_first if _names(joint.name, stem)), None)

    def _by_name(self, name: str) -> str | None:
        if name in self._known:
            return name
        digits = re.search(r"(\d+)$", name)
        return self._numbers.get(int(digits[1])) if digits else None


def _names(text: str, stem: str) -> bool:
    """Whether ``stem`` stands in ``text`` as a word of its own."""
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(stem)}(?![A-Za-z0-9])", text) is not None
