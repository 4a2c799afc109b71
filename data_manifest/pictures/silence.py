"""Decoders keep their warnings to themselves: in every thread, from Python and from C.

Importing this changes nothing; decoders are silenced when the first picture is read.
"""

import ctypes
import logging
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

_lock = threading.Lock()
_inside = 0
_catcher = warnings.catch_warnings()


@cache
def quiet_opencv() -> None:
    """Keep OpenCV from logging what is wrong with corrupt input; ``OPENCV_LOG_LEVEL`` wins."""
    import cv2

    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


@cache
def quiet_pillow() -> None:
    """Keep Pillow, and libtiff in it, from writing to standard error.

    libtiff does so unless it has no handler. And Pillow is let read as much text in a PNG as
    programs and people leave there, which is more than a megabyte.
    """
    from PIL import PngImagePlugin, _imaging

    logging.getLogger("PIL").addHandler(logging.NullHandler())
    PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY
    with suppress(AttributeError, OSError):  # where the linker doesn't give the library away
        library = ctypes.CDLL(_imaging.__file__)
        library.TIFFSetErrorHandler(None)
        library.TIFFSetWarningHandler(None)


@contextmanager
def silence() -> Iterator[None]:
    """No Python warning is shown while any thread is inside.

    Filters belong to the process, so the first thread that enters replaces them and the last that
    leaves puts them back; ``warnings.catch_warnings`` alone would let threads undo each other.
    """
    global _inside, _catcher
    quiet_pillow()
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
