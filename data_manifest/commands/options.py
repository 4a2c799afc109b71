"""One frozen, self-checking model per command, filled from flags and a YAML file alike.

``options(Model)`` makes the command's flags from the model's fields, ``build`` makes the model from
what was given. So a default, a bound and a help text are written once, in the field.
"""

import difflib
import re
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import click
import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    ValidationError,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from data_manifest.errors import UsageError
from data_manifest.files.publish import publish_text
from data_manifest.record import Size

Model = TypeVar("Model", bound="Config")
LEAST_SIDE, MOST_SIDE = 16, 8192
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


class Config(BaseModel):
    """Base of every command's options; unknown keys are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    def save(self, path: Path) -> None:
        """Publish the options as YAML that ``--config`` reads back."""
        publish_text(path, yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False))


def _parse_range(value: object) -> object:
    if isinstance(value, str):
        low, colon, high = value.partition(":")
        return (low, high if colon else low)
    return (value, value) if isinstance(value, int | float) else value


def _parse_names(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def parse_list(value: object) -> object:
    """``a,b`` as a tuple of words, also where it is one of several."""
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return tuple(word.strip() for item in value for word in item.split(","))
    return parse_list((value,)) if isinstance(value, str) else value


def parse_weights(value: object) -> object:
    """``a:3,b`` or the names alone as a dict of weights, 1 where none is given."""
    if isinstance(value, str):
        pairs = (item.partition(":") for item in value.split(","))
        return {name.strip(): weight if colon else 1 for name, colon, weight in pairs}
    return value


def shown(value: Any) -> str:
    """An option's value as it is given on the command line."""
    match value:
        case Size():
            return str(value.width) if value.width == value.height else f"{value:x}"
        case list() | tuple():
            return ":".join(map(shown, value))
        case dict():
            return ",".join(f"{name}:{shown(weight)}" for name, weight in value.items())
        case float():
            return str(value).removesuffix(".0")
    return "none" if value is None else str(value)


def _within(size: Size) -> Size:
    for side in size:
        if not LEAST_SIDE <= side <= MOST_SIDE:
            raise ValueError(f"sides must be from {LEAST_SIDE} to {MOST_SIDE} pixels")
    return size


FrameSize = Annotated[
    Size,
    BeforeValidator(Size.parse),
    AfterValidator(_within),
    PlainSerializer(lambda size: size.width if size.width == size.height else f"{size:x}"),
]
"""A frame as ``224``, a square, or ``640x480``, width and height."""
Range = Annotated[tuple[float, float], BeforeValidator(_parse_range)]
Numbers = Annotated[tuple[float, ...], BeforeValidator(parse_list)]
Names = Annotated[tuple[str, ...], BeforeValidator(_parse_names)]


def build(model: type[Model], given: Mapping[str, object], files: Sequence[Path] = ()) -> Model:
    """Make the options of ``model`` from flags over the last of ``files`` over defaults.

    Raises UsageError with the nearest valid name for an unknown key, and with the bound for a value
    that is out of it.
    """
    values: dict[str, object] = {}
    for file in files:
        values.update(_known(model, _read_yaml(file), str(file)))
    values.update(_known(model, given, "The options"))
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise UsageError(_sentence(error)) from None


def _known(model: type[Config], values: Mapping[str, object], where: str) -> Mapping[str, object]:
    """The same values. Raises UsageError for one that the model doesn't have, or that is empty."""
    for name, value in values.items():
        if value == "":
            raise UsageError(f"--{str(name).replace('_', '-')} is empty.")
        if name not in model.model_fields:
            near = difflib.get_close_matches(str(name), model.model_fields, 1)
            hint = (
                f"did you mean {near[0]!r}?" if near else f"valid: {', '.join(model.model_fields)}."
            )
            raise UsageError(f"{where}: unknown key {name!r}; {hint}")
    return values


class _Yaml(yaml.SafeLoader):
    """YAML in which 1:3 is a range, as on the command line, and not sixty-three."""


_Yaml.yaml_implicit_resolvers = {
    first: [
        (tag, re.compile(f"(?!.*:){of.pattern}", of.flags) if tag in _NUMBERS else of)
        for tag, of in resolvers
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _read_yaml(path: Path) -> dict[str, object]:
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), _Yaml)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The configuration {path} can't be read: {error}.") from None
    except yaml.YAMLError as error:
        raise UsageError(f"{path} is not YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(values or {}, dict):
        raise UsageError(f"{path} holds a {type(values).__name__}; expected `key: value` lines.")
    return values or {}


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    message = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return f"{message}."
    flag = "--" + str(first["loc"][0]).replace("_", "-")
    if first["type"] == "missing":
        return f"{flag} is missing; --help shows what it is."
    return f"{flag} {first['input']}: {message[0].lower()}{message[1:]}."


def options(model: type[Config]) -> Callable[[Any], Any]:
    """Click flags for every field of ``model``, with its description and default as help."""

    def decorate(function: Any) -> Any:
        for name in reversed(_in_reading_order(model)):
            function = _option(name, model.model_fields[name])(function)
        return function

    return decorate


def _in_reading_order(model: type[Config]) -> list[str]:
    """The fields of the model itself first, then those of its bases from left to right."""
    names = (name for cls in model.__mro__ for name in vars(cls).get("__annotations__", {}))
    return [name for name in dict.fromkeys(names) if name in model.model_fields]


def _option(name: str, field: FieldInfo) -> Any:
    flag = "--" + name.replace("_", "-")
    kind, many = _click_type(field.annotation)
    text = field.description or ""
    if field.annotation is bool:
        return click.option(f"{flag}/--no-{flag[2:]}", name, default=None, help=text)
    if field.is_required():
        text += "  [required]"
    elif field.default not in (None, (), PydanticUndefined):
        text += f"  [default: {shown(field.default)}]"
    return click.option(flag, name, type=kind, default=None, multiple=many, help=text)


def _click_type(annotation: Any) -> tuple[Any, bool]:
    """The click type of a field's annotation, and whether the flag may be repeated."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return _click_type(next(arg for arg in inner if arg is not type(None)))
    if origin is Literal:
        return click.Choice([str(value) for value in inner]), False
    if origin is tuple and inner == (str, ...):
        return str, True
    return (annotation, False) if annotation in (int, float) else (str, False)


def given_options(parameters: Mapping[str, object]) -> dict[str, object]:
    """The flags that were really given on the command line."""
    return {name: value for name, value in parameters.items() if value not in (None, ())}
