"""A user's own network, ``module:attribute``, imported with the current folder on the path.

The attribute may be

* a ``torch.nn.Module``, which is used as it is, in evaluation mode;
* a function or another callable that can be given one picture batch, which is used as it is;
* a class, or a callable that can't be given anything: it is called once, without arguments, and
  must give one of the above.

The network is given (B, 3, h, w) float32 RGB in [0, 1] and must answer (B, h', w'), or
(B, 1, h', w'), of floats.
"""

import functools
import hashlib
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from data_manifest.errors import TeacherError, UsageError
from data_manifest.shards.digests import file_sha256
from depthgen.teachers.card import Network, Teacher
from depthgen.teachers.declared import Declared, meaning_of, needed_size


class OwnNetwork(nn.Module):
    """A user's module, whose answers are looked at; input and output as in the module above."""

    def __init__(self, name: str, inner: nn.Module) -> None:
        super().__init__()
        self.name, self.inner = name, inner

    def forward(self, rgb: Tensor) -> Tensor:
        """(B, 3, h, w) in [0, 1] to (B, h', w'). Raises TeacherError for another answer."""
        return as_depth(self.name, rgb, self.inner(rgb))


def load(name: str, declared: Declared) -> Teacher:
    """The teacher ``name``, ``module:attribute``, whose numbers mean what is declared.

    Raises UsageError where there is no such thing, where it can't be used as a network, or where
    what is needed isn't declared.
    """
    meaning, size = meaning_of(name, declared), needed_size(name, declared)
    module, _, attribute = name.partition(":")
    found = _made(name, _attribute(name, _imported(name, module), attribute))
    digest = _digest(found)
    return Teacher(name, _network(name, found), size, meaning, "unknown", digest)


def as_depth(name: str, rgb: Tensor, answer: Any) -> Tensor:
    """What a network answered as (B, h', w'). Raises TeacherError where it is no depth."""
    if isinstance(answer, Tensor) and answer.ndim == 4 and answer.shape[1] == 1:
        answer = answer[:, 0]
    shown = type(answer).__name__
    if isinstance(answer, Tensor):
        if answer.ndim == 3 and answer.is_floating_point() and len(answer) == len(rgb):
            return answer
        shown = f"{answer.dtype} {tuple(answer.shape)}"
    raise TeacherError(
        f"{name} was given {tuple(rgb.shape)} and answered {shown}; expected a tensor of floats "
        f"({len(rgb)}, height, width)."
    )


def _network(name: str, found: Callable[..., Any]) -> Network:
    if isinstance(found, nn.Module):
        return OwnNetwork(name, found).eval()
    return lambda rgb: as_depth(name, rgb, found(rgb))


def _imported(name: str, module: str) -> ModuleType:
    try:
        with _current_folder_on_path():
            return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and f"{module}.".startswith(f"{error.name}."):
            raise UsageError(
                f"{name}: there is no module {module} in {Path.cwd()} or among the installed ones."
            ) from error
        raise _fails(name, f"importing {module}", error) from error
    except Exception as error:  # whatever a user's code raises
        raise _fails(name, f"importing {module}", error) from error


@contextmanager
def _current_folder_on_path() -> Iterator[None]:
    folder = str(Path.cwd())
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(folder)


def _attribute(name: str, module: ModuleType, attribute: str) -> Any:
    if attribute not in vars(module):
        public = [one for one in vars(module) if not one.startswith("_")]
        raise UsageError(f"{name}: {module.__name__} has no {attribute}; it has {_some(public)}.")
    return vars(module)[attribute]


def _made(name: str, found: Any) -> Callable[..., Any]:
    """The network that the attribute is, or that it makes."""
    if _makes_one(found):
        try:
            found = found()
        except Exception as error:  # whatever a user's code raises
            raise _fails(name, "calling it without arguments", error) from error
    if callable(found) and not _makes_one(found):
        network: Callable[..., Any] = found
        return network
    raise UsageError(
        f"{name} is {type(found).__name__}, expected a torch.nn.Module, a function of a batch of "
        "pictures, or what makes one of them without arguments."
    )


def _makes_one(found: Any) -> bool:
    if isinstance(found, nn.Module) or not callable(found):
        return False
    return isinstance(found, type) or not _takes_one(found)


def _takes_one(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind(None)
    except ValueError:  # built in, without a signature
        return True
    except TypeError:
        return False
    return True


def _digest(found: Callable[..., Any]) -> str:
    """SHA-256 of a module's state, else of the source file; empty where there is neither."""
    if isinstance(found, nn.Module) and found.state_dict():
        return state_digest(found)
    while isinstance(found, functools.partial):
        found = found.func
    source = inspect.unwrap(found)
    try:
        file = inspect.getsourcefile(source if hasattr(source, "__code__") else type(source))
    except TypeError:
        return ""
    return file_sha256(Path(file)) if file and Path(file).is_file() else ""


def state_digest(module: nn.Module) -> str:
    """SHA-256 over the names, types, shapes and bytes of a module's state, in their order."""
    digest = hashlib.sha256()
    for name, value in module.state_dict().items():
        if isinstance(value, Tensor):
            part = value.detach().cpu().contiguous()
            digest.update(f"{name} {part.dtype} {tuple(part.shape)}\n".encode())
            digest.update(part.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _fails(name: str, doing: str, error: Exception) -> UsageError:
    text = " ".join(str(error).split()) or "no message"
    return UsageError(f"{name}: {doing} fails with {type(error).__name__}: {text}.")


def _some(names: list[str]) -> str:
    return ", ".join(names[:12]) + (", …" if len(names) > 12 else "") or "nothing"
