"""Decoders keep their warnings to themselves, in every thread."""

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

logging.getLogger("PIL").addHandler(logging.NullHandler())

_lock = threading.Lock()
_inside = 0
_catcher = warnings.catch_warnings()


@contextmanager
def silence() -> Iterator[None]:
    """No Python warning is shown while any thread is inside.

    Filters belong to the process, so the first thread that enters replaces them and the last that
    leaves puts them back; ``warnings.catch_warnings`` alone would let threads undo each other.
    """
    global _inside, _catcher
    with _lock:
        if not _inside:
            _catcher = warnings.catch_warnings()
            _catcher.__enter__()
            warnings.simplefilter("ignore")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                _catcher.__exit__(None, None, None)
