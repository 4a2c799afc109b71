"""A model's files, in a folder or in the cache of the Hugging Face hub; nothing is loaded here."""

import hashlib
import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from logging import CRITICAL
from pathlib import Path
from typing import Any

import yaml

from data_manifest.errors import UsageError, WeightsError
from data_manifest.shards.digests import file_sha256

DEPTH_ANYTHING = "depth-anything/Depth-Anything-V2-Small-hf"
CONFIG = "config.json"
PROCESSORS = ("preprocessor_config.json", "processor_config.json")
SAFE = ("model.safetensors", "model.safetensors.index.json")
PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")
"""A model is one file, or several that an index lists; pickles only where there is nothing else."""
DESCRIPTION = "README.md"
FETCHED = (CONFIG, *PROCESSORS, *SAFE, "model-*.safetensors", DESCRIPTION)
FETCHED_OF_PICKLES = (*PICKLED, "pytorch_model-*.bin")


def find_folder(source: str) -> Path:
    """The folder of a model: ``source`` itself, or its snapshot in the cache, fetched if need be.

    Raises UsageError where ``source`` is neither a folder nor a hub id, WeightsError where it can't
    be fetched.
    """
    if Path(source).expanduser().is_dir():
        return Path(source).expanduser()
    return cached_folder(source) or fetch(source)


def is_here(source: str) -> bool:
    """Whether a folder has a whole model, or the cache one of that hub id. No network.

    Raises UsageError where ``source`` is no folder and can't be a hub id.
    """
    folder = Path(source).expanduser()
    return is_complete(folder) if folder.is_dir() else cached_folder(source) is not None


def pull(source: str) -> tuple[Path, str]:
    """Fetch a model where it is not yet here; gives its folder and its weights' SHA-256.

    Raises as :func:`find_folder` does, and WeightsError where the folder holds no weights.
    """
    folder = find_folder(source)
    return folder, weights_digest(weight_files(folder))


def cached_folder(hub_id: str) -> Path | None:
    """The snapshot of a model in the cache, or None where not all of it is there. No network.

    Raises UsageError where ``hub_id`` can't be one.
    """
    from huggingface_hub import try_to_load_from_cache

    _check_id(hub_id)
    config = try_to_load_from_cache(hub_id, CONFIG)
    folder = Path(config).parent if isinstance(config, str) else None
    return folder if folder and is_complete(folder) else None


def is_complete(folder: Path) -> bool:
    """Whether a folder has all the files that a model is made of."""
    try:
        weights = weight_files(folder)
    except WeightsError:
        return False
    needed = [folder / CONFIG, *weights]
    return all(map(Path.is_file, needed)) and any((folder / name).is_file() for name in PROCESSORS)


def fetch(hub_id: str) -> Path:
    """Fetch what a model is made of into the cache, no code and no other files; gives its snapshot.

    Raises UsageError where ``hub_id`` can't be one, WeightsError where it can't be fetched.
    """
    _check_id(hub_id)
    folder = _snapshot(hub_id, FETCHED)
    if not any((folder / name).exists() for name in SAFE):
        folder = _snapshot(hub_id, FETCHED_OF_PICKLES)
    weight_files(folder)
    return folder


def weight_files(folder: Path) -> list[Path]:
    """The files of a folder that hold its weights, in the order of their names.

    Raises WeightsError where there are none, or where one is missing that the index lists.
    """
    for one, index in (SAFE, PICKLED):
        if (folder / one).is_file():
            return [folder / one]
        if (folder / index).is_file():
            return _listed(folder / index)
    raise WeightsError(f"{folder} holds neither {SAFE[0]} nor {PICKLED[0]}; expected a model.")


def weights_digest(files: Sequence[Path]) -> str:
    """One file's SHA-256; of several that over their digests, as hex, in the order of names."""
    digests = [file_sha256(path) for path in files]
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def licence_of(folder: Path) -> str:
    """The licence that the head of the folder's README.md gives, or ``unknown``."""
    try:
        text = (folder / DESCRIPTION).read_text(encoding="utf-8", errors="replace")
        head = yaml.safe_load(text.split("---", 2)[1]) if text.startswith("---") else None
    except (OSError, IndexError, ValueError, yaml.YAMLError):
        return "unknown"
    given = [head.get("license"), head.get("license_name")] if isinstance(head, dict) else []
    known = [value for value in given if isinstance(value, str) and value != "other"]
    return known[0] if known else "unknown"


@contextmanager
def quiet() -> Iterator[None]:
    """Without the warnings and progress bars of transformers and huggingface_hub, for a while."""
    import huggingface_hub.utils
    import transformers.utils.logging

    hub: Any = huggingface_hub.utils
    logging: Any = transformers.utils.logging
    bars, hub_bars = logging.is_progress_bar_enabled(), not hub.are_progress_bars_disabled()
    loggers = [(part, part.get_verbosity()) for part in (logging, hub.logging)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable_progress_bar()
        hub.disable_progress_bars()
        for part, _ in loggers:
            part.set_verbosity(CRITICAL)
        try:
            yield
        finally:
            for part, verbosity in loggers:
                part.set_verbosity(verbosity)
            if bars:
                logging.enable_progress_bar()
            (hub.enable_progress_bars if hub_bars else hub.disable_progress_bars)()


def _listed(index: Path) -> list[Path]:
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        files = [index.parent / Path(name).name for name in names]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"{index} lists no weights; it is damaged.") from error
    for file in files:
        if not file.is_file():
            raise WeightsError(f"{file} is missing, which {index.name} lists; fetch it again.")
    return files


def _check_id(hub_id: str) -> None:
    import huggingface_hub.utils

    hub: Any = huggingface_hub.utils
    try:
        hub.validate_repo_id(hub_id)
    except hub.HFValidationError as error:
        raise UsageError(
            f"There is no folder {hub_id}, and it is no id of a hub either; expected one such as "
            f"{DEPTH_ANYTHING}."
        ) from error


def _snapshot(hub_id: str, patterns: Sequence[str]) -> Path:
    from huggingface_hub import snapshot_download

    try:
        with quiet():
            return Path(snapshot_download(hub_id, allow_patterns=list(patterns)))
    except ModuleNotFoundError:
        raise
    except Exception as error:  # of as many trees as there are clients, changing by version
        raise WeightsError(
            f"{hub_id} can't be fetched: {first_line(error)}. Three ways out: connect to the "
            "network, check the id and run again; or give a folder with its config.json, "
            "preprocessor_config.json and model.safetensors as --weights; or copy the cache of a "
            "machine that has it and set HF_HOME to that."
        ) from error


def first_line(error: Exception) -> str:
    """What another library says of an error, in a line without its full stop."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__).rstrip(".")
