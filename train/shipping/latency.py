"""How long answers take here, one pair at a time: what a camera waits for."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import joblib
import numpy as np
import torch

from train.shipping.photograph import photograph_pair
from train.shipping.variants import Variant

ROUNDS, SECONDS, LEAST = 7, 0.25, 3


def cores() -> int:
    """How many cores this process may use."""
    return int(joblib.cpu_count())


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Torch with so many threads; afterwards as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def latencies(variants: Sequence[Variant]) -> list[float]:
    """Median milliseconds of each variant for one pair of pictures of its size.

    The variants take turns, forwards and backwards, so that a machine that gets slower slows all.
    """
    calls = [partial(variant.answer, *photograph_pair(variant.size)) for variant in variants]
    return [1000 * seconds for seconds in _medians(calls)]


def _medians(calls: Sequence[Callable[[], object]]) -> list[float]:
    """Median seconds of each call; in each of ``ROUNDS`` each is called for ``SECONDS``."""
    times: list[list[float]] = [[] for _ in calls]
    for number in range(ROUNDS):
        order = range(len(calls)) if number % 2 == 0 else reversed(range(len(calls)))
        for index in order:
            times[index] += _turn(calls[index])
    return [float(np.median(part)) for part in times]


def _turn(call: Callable[[], object]) -> list[float]:
    """Seconds of some calls; the first, which finds another's data in the caches, isn't counted."""
    call()
    found: list[float] = []
    while len(found) < LEAST or sum(found) < SECONDS:
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return found
