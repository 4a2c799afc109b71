"""Names of samples, made from a template such as ``{fg}_{bg}_{index:06}``."""

from collections.abc import Mapping, Sequence

from data_manifest.errors import UsageError
from data_manifest.files.names import is_fit_key

FIELDS: Mapping[str, object] = {
    "index": 0,
    "bg": "bg",
    "fg": "fg",
    "bg_number": 0,
    "fg_number": 0,
    "flip": 0,
    "number": 0,
}
"""What a template may use, with a value of its type.

``bg_number`` and ``fg_number`` count sources from 1 in the order of their names, ``number`` a
pair's placements from 1; ``flip`` is 0 or 1.
"""
DEFAULT_KEY = "{index:08}"


def check_template(template: str) -> None:
    """Raises ValueError where a template can't be filled."""
    try:
        name = template.format_map(FIELDS)
    except (KeyError, ValueError, IndexError, AttributeError) as error:
        raise ValueError(
            f"--key {template} can't be filled ({error}); it may use {', '.join(FIELDS)}"
        ) from None
    if not is_fit_key(name) or name != name.strip():
        raise ValueError(f"--key {template} makes no usable file name")


def fill(template: str, columns: Mapping[str, Sequence[object]], count: int) -> list[str]:
    """The names of ``count`` samples.

    Raises UsageError where two would be the same, or one can't be the name of a file.
    """
    used = [name for name in FIELDS if "{" + name in template]
    rows = zip(*(columns[name] for name in used), strict=True) if used else [()] * count
    names = [template.format_map(dict(zip(used, row, strict=True))) for row in rows]
    unfit = next((name for name in names if not is_fit_key(name)), None)
    if unfit is not None:
        raise UsageError(
            f"--key {template} gives a sample the name {unfit[:80]!r}, which can't be a file's; "
            "use {bg_number} and {fg_number} instead of names."
        )
    if len(set(names)) < count:
        raise UsageError(
            f"--key {template} gives samples the same name; add {{index}} to make them unique."
        )
    return names
