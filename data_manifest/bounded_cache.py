"""Things of this process that are dear to make, kept within a budget of memory."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class BoundedCache(Generic[Item]):
    """Items by key; the longest unused go first when more than ``budget`` bytes are held.

    Threads may share one.
    """

    def __init__(self, budget: int) -> None:
        self._budget, self._held = budget, 0
        self._lock = threading.Lock()
        self._items: OrderedDict[Hashable, tuple[Item, int]] = OrderedDict()

    def get(self, key: Hashable) -> Item | None:
        """The item, or None where it isn't there."""
        with self._lock:
            found = self._items.get(key)
            if found is None:
                return None
            self._items.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, item: Item, nbytes: int) -> Item:
        """Keep an item that takes ``nbytes``, instead of one of the same key; gives it."""
        with self._lock:
            if key in self._items:
                self._held -= self._items.pop(key)[1]
            self._items[key] = (item, nbytes)
            self._held += nbytes
            while self._held > self._budget and len(self._items) > 1:
                self._held -= self._items.popitem(last=False)[1][1]
        return item
