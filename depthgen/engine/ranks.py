"""Several processes that share a dataset's shards out: ``torchrun`` and ``accelerate launch``.

Without them there is one process, and everything here is what it says already.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch.distributed as distributed

Item = TypeVar("Item")


def rank() -> int:
    """The number of this process, from 0."""
    return int(os.environ.get("RANK", "0"))


def world_size() -> int:
    """How many processes there are."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def on_this_machine() -> int:
    """How many of them share this machine's cores."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def gpu_number() -> int:
    """Which of this machine's GPUs is this process's."""
    return int(os.environ.get("LOCAL_RANK", "0"))


@contextmanager
def together() -> Iterator[None]:
    """A block that all processes enter and leave together."""
    if world_size() == 1:
        yield
        return
    distributed.init_process_group("gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def from_first(item: Item | None) -> Item:
    """What the first process gives, for all of them."""
    if world_size() == 1:
        assert item is not None
        return item
    found = [item]
    distributed.broadcast_object_list(found, src=0)
    assert found[0] is not None
    return found[0]


def of_all(item: Item) -> list[Item]:
    """What each process gives, for all of them, in the order of their numbers."""
    if world_size() == 1:
        return [item]
    found: list[Item | None] = [None] * world_size()
    distributed.all_gather_object(found, item)
    return [part for part in found if part is not None]
