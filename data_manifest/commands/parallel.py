"""The same function on many tasks, in processes."""

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import TypeVar

import joblib

Task = TypeVar("Task")
Result = TypeVar("Result")
SILENCED = "ignore:resource_tracker:UserWarning"
"""For loky's helper, which tells of what it tidies up when Ctrl-C has ended its parent."""
MANAGER = "ExecutorManagerThread"
"""loky's thread that hands tasks to its processes."""
_hushed = False


def each(
    function: Callable[[Task], Result], tasks: Iterable[Task], workers: int
) -> Iterator[Result]:
    """``function`` of every task, in the order in which they are done.

    Tasks are made as they are needed. With one worker everything happens in this process. Raises
    what ``function`` raises; the other workers are then ended.
    """
    if workers == 1:
        yield from map(function, tasks)
        return
    # loky warns of workers that it replaces, and joblib of tasks that Ctrl-C cuts short; nothing is
    # lost and nothing to be done.
    for known in ("A worker stopped while some jobs", ".*tasks which were still being processed"):
        warnings.filterwarnings("ignore", known, UserWarning)
    _hush_manager()
    given = os.environ.get("PYTHONWARNINGS", "")
    if SILENCED not in given:
        os.environ["PYTHONWARNINGS"] = ",".join(filter(None, [given, SILENCED]))
    parallel = joblib.Parallel(
        workers,
        backend="loky",
        return_as="generator_unordered",
        batch_size=1,
        initializer=_end_with,
        initargs=(os.getpid(),),
    )
    with _interrupts_left_to_parent():
        results = parallel(joblib.delayed(function)(task) for task in tasks)
    yield from results


def _hush_manager() -> None:
    """Where Ctrl-C ends loky's processes, its thread may look for a task that it just dropped.

    That is a KeyError in a thread that is ending anyway, and all that a user would read.
    """
    global _hushed
    if _hushed:
        return
    _hushed, tell = True, threading.excepthook

    def tell_of_others(failed: threading.ExceptHookArgs) -> None:
        its_own = failed.thread is not None and failed.thread.name == MANAGER
        if not (its_own and failed.exc_type is KeyError):
            tell(failed)

    threading.excepthook = tell_of_others


@contextmanager
def _interrupts_left_to_parent() -> Iterator[None]:
    """Processes that are started here don't hear Ctrl-C: their parent does, and ends them.

    They would otherwise each print where they were, which while they start is deep in imports. They
    inherit that the signal is blocked; the parent acts on one that comes meanwhile when it is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    resource_tracker.ensure_running()  # which unblocks the signal after it has started
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        signal.signal(signal.SIGINT, before)
    if heard:
        raise KeyboardInterrupt


def _end_with(parent: int) -> None:
    """End this process soon after its parent, which may be killed before it hands out a task."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
