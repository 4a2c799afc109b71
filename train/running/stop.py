"""Being asked to stop: the step under way is finished and saved, then the process ends."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopRequest:
    """Whether this process was asked to stop."""

    def __init__(self) -> None:
        self.made = False

    def hear(self, _number: int, _frame: FrameType | None) -> None:
        """Note a signal; the second one raises KeyboardInterrupt."""
        if self.made:
            raise KeyboardInterrupt
        self.made = True


@contextmanager
def listening() -> Iterator[StopRequest]:
    """Notice SIGTERM and Ctrl-C instead of ending at once; a second one ends at once.

    Other threads than the main one can't listen, and are never asked.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.signal(number, request.hear) for number in SIGNALS}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
