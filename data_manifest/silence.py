"""Decoders keep their warnings to themselves: in every thread, from Python and from C.

libtiff, which Pillow uses, writes to the process's standard error unless it has no handler.
"""

import ctypes
import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from PIL import _imaging

logging.getLogger("PIL").addHandler(logging.NullHandler())

with suppress(AttributeError, OSError):  # where the linker doesn't give the library away
    _library = ctypes.CDLL(_imaging.__file__)
    _library.TIFFSetErrorHandler(None)
    _library.TIFFSetWarningHandler(None)

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
