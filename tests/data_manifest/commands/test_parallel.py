"""The same function on many tasks, in real processes."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from data_manifest.commands.parallel import each
from data_manifest.errors import SourceError
from tests.killed import outlived_by_none


def double(task: tuple[int, float]) -> tuple[int, int]:
    number, seconds = task
    time.sleep(seconds)
    if number < 0:
        raise SourceError(f"{number} is below zero")
    return 2 * number, os.getpid()


def noted(task: tuple[Path, int]) -> int:
    folder, number = task
    (folder / str(number)).touch()
    return number


def endless(said: str) -> None:
    print(said, flush=True)
    while True:
        time.sleep(1)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_every_task_is_done_once(workers: int) -> None:
    done = list(each(double, ((number, 0.0) for number in range(50)), workers))
    assert sorted(result for result, _ in done) == [2 * number for number in range(50)]
    processes = {process for _, process in done}
    assert (processes == {os.getpid()}) is (workers == 1)


def test_results_come_as_they_are_done() -> None:
    tasks = [(0, 1.5), *((number, 0.0) for number in range(1, 6))]
    results = [result for result, _ in each(double, tasks, 2)]
    assert results[-1] == 0 and sorted(results) == [0, 2, 4, 6, 8, 10]


@pytest.mark.parametrize("workers", [1, 2])
def test_tasks_are_made_as_they_are_needed(workers: int) -> None:
    made = []

    def tasks() -> object:
        for number in range(1000):
            made.append(number)
            yield number, 0.01

    results = each(double, tasks(), workers)  # type: ignore[arg-type]
    next(results)
    assert len(made) < 100
    results.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_is_raised_here(workers: int, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="-1 is below zero"):
        list(each(double, [(1, 0.0), (-1, 0.0), (2, 0.0)], workers))
    assert sorted(each(noted, [(tmp_path, 1), (tmp_path, 2)], workers)) == [1, 2]
    assert len(list(tmp_path.iterdir())) == 2


def test_no_worker_outlives_a_killed_parent() -> None:
    """Nor one that never had a task."""
    outlived_by_none("""
from data_manifest.commands.parallel import each
from tests.data_manifest.commands.test_parallel import endless

list(each(endless, ["began"], 2))
""")


def test_only_the_key_error_of_a_manager_that_ends_is_kept_quiet() -> None:
    program = """
import threading
from joblib.externals.loky.process_executor import _ExecutorManagerThread as Manager
from data_manifest.commands.parallel import each

def fail(error):
    raise error

list(each(abs, [1, 2], 2))
manager = next(thread for thread in threading.enumerate() if isinstance(thread, Manager))
for name in (manager.name, "other"):
    for error in (KeyError(2), ValueError(name)):
        thread = threading.Thread(target=fail, args=(error,), name=name)
        thread.start()
        thread.join()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.splitlines() if line[:1].isalpha() and "Error" in line]
    assert said == ["ValueError: ExecutorManagerThread", "KeyError: 2", "ValueError: other"]
