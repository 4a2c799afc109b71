"""``--mask-loss`` and ``--depth-loss``: sums of losses, such as ``bce + 2*dice``.

Losses are joined by ``+``; each may have a weight before it, a number and ``*``. No torch here.
"""

import difflib
import re
from typing import NamedTuple

from data_manifest.errors import UsageError
from train.losses.names import LOSSES, Task

LARGEST = 1e12  # far below what float32 can't hold
_PLUS = re.compile(r"(?<![\d.][eE])\+")  # not the one in 1e+3
_TERM = re.compile(
    r"(?:([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*\*\s*)?([A-Za-z]\w*)", re.ASCII
)
_SHOWN = 60  # characters


class Term(NamedTuple):
    """A loss by name, and what it is multiplied by."""

    weight: float
    name: str


Expression = tuple[Term, ...]


def parse(text: str, task: Task) -> Expression:
    """The terms of a sum of losses, as they stand. Raises UsageError for anything else.

    Weights are above 0 and at most 1e12, and no loss stands twice.
    """
    terms = tuple(_term(part.strip(), task) for part in _PLUS.split(text))
    names = [term.name for term in terms]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"--{task}-loss: {name} stands there twice; add its weights.")
    return terms


def _term(part: str, task: Task) -> Term:
    found = _TERM.fullmatch(part)
    if found is None:
        got = repr(part[:_SHOWN]) if part else "nothing"
        raise UsageError(
            f"--{task}-loss: expected WEIGHT*NAME, got {got}; write for instance '2*ssim + 0.1*l1'."
        )
    weight, name = found.groups(default="1")
    if name not in LOSSES[task]:
        raise _unknown(name, task)
    if not 0 < float(weight) <= LARGEST:
        raise UsageError(
            f"--{task}-loss: the weight of {name} must be above 0 and at most {LARGEST:g}, "
            f"got {weight[:_SHOWN]}."
        )
    return Term(float(weight), name)


def _unknown(name: str, task: Task) -> UsageError:
    known = LOSSES[task]
    near = difflib.get_close_matches(name.lower(), known, 1)
    hint = f"did you mean {near[0]!r}? There are" if near else "there are"
    return UsageError(
        f"--{task}-loss: there is no loss {name[:_SHOWN]!r}; {hint} {', '.join(known)}."
    )
