"""``--where``: which samples, by a condition on what is known of them.

Comparisons of columns with numbers or words, joined by ``and``, ``or``, ``not`` and parentheses:
``shift < 0.1``, ``0.2 < scale <= 0.5 and split == 'train'``. It is read as Python is, never run.
"""

import ast
import operator
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from data_manifest.errors import UsageError
from data_manifest.plan import Plan
from data_manifest.quality import COLUMNS

Rows = npt.NDArray[np.bool_]
Measure = Callable[[str], npt.NDArray[np.float32]]
_NUMBERS = ("index", "scale", "angle", "x", "y", "width", "height", "shard")
_WORDS = ("bg", "fg", "split", "blend")
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_LONGEST = 1000


def rows_where(condition: str, plan: Plan, measure: Measure) -> Rows:
    """For which rows of a plan ``condition`` holds, (n,) bool; ``measure`` gives quality by name.

    What wasn't measured fulfils no comparison but ``!=``. Raises UsageError where the condition
    can't be understood.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's, of a backslash for one
            tree = ast.parse(condition.strip() if len(condition) < _LONGEST else "", mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _puzzled(condition) from None
    try:
        with np.errstate(over="ignore"):  # numbers that a column's type can't hold
            return _Reader(condition, plan, measure).holds(tree.body)
    except OverflowError:
        raise _puzzled(condition) from None


class _Reader:
    def __init__(self, condition: str, plan: Plan, measure: Measure) -> None:
        self._condition, self._plan, self._measure = condition, plan, measure

    def holds(self, node: ast.expr) -> Rows:
        match node:
            case ast.BoolOp(op=ast.And(), values=parts):
                return np.asarray(np.logical_and.reduce([self.holds(part) for part in parts]))
            case ast.BoolOp(op=ast.Or(), values=parts):
                return np.asarray(np.logical_or.reduce([self.holds(part) for part in parts]))
            case ast.UnaryOp(op=ast.Not(), operand=part):
                return ~self.holds(part)
            case ast.Compare(left=left, ops=ops, comparators=others):
                sides = [left, *others]
                triples = zip(sides, ops, others, strict=False)
                found = [self._compared(*triple) for triple in triples]
                return np.asarray(np.logical_and.reduce(found))
        raise _puzzled(self._condition)

    def _compared(self, one: ast.expr, how: ast.cmpop, other: ast.expr) -> Rows:
        names = [side.id for side in (one, other) if isinstance(side, ast.Name)]
        if type(how) not in _COMPARE or len(names) != 1:
            raise _puzzled(self._condition)
        compare = _COMPARE[type(how)]
        if names[0] not in _WORDS:
            return np.asarray(compare(self._number(one), self._number(other)), np.bool_)
        if type(how) not in (ast.Eq, ast.NotEq):
            raise UsageError(f"--where {self._condition}: {names[0]} can only be == or != a word.")
        word = self._word(other if isinstance(one, ast.Name) else one)
        return np.asarray(compare(self._plan.is_word(names[0], word), True))

    def _number(self, node: ast.expr) -> Any:
        match node:
            case ast.Name(id=name) if name in _NUMBERS:
                return self._plan.column(name)
            case ast.Name(id=name) if name in COLUMNS:
                return self._measure(name)
            case ast.Name(id=name):
                known = ", ".join((*COLUMNS, *_NUMBERS, *_WORDS))
                raise UsageError(
                    f"--where {self._condition}: there is no column {name!r}; there are {known}."
                )
            case ast.Constant(value=int() | float() as value):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return -value
        raise _puzzled(self._condition)

    def _word(self, node: ast.expr) -> str:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        raise UsageError(f"--where {self._condition}: words stand in quotes, split == 'train'.")


def _puzzled(condition: str) -> UsageError:
    return UsageError(
        f"--where {condition[:80]}: expected comparisons such as 'shift < 0.1 and flip < 0.2'."
    )
