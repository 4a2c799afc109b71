"""The same function on many items in a few threads, in order, with few items in flight."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_lanes(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    lanes: int,
    ahead: int,
    begin: Callable[[], None] | None = None,
) -> Iterator[Result]:
    """``function`` of every item, in the items' order, in ``lanes`` threads that ``begin`` so.

    At most ``ahead`` items are worked on, or wait to be taken, at a time. Raises what ``function``
    raises, when its item's turn comes; what hasn't begun is then left out.
    """
    source = iter(items)
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(lanes, initializer=begin) as pool:
        try:
            for item in islice(source, max(ahead, 1)):
                waiting.append(pool.submit(function, item))
            while waiting:
                result = waiting.popleft().result()
                for item in islice(source, 1):
                    waiting.append(pool.submit(function, item))
                yield result
        finally:
            for future in waiting:
                future.cancel()
