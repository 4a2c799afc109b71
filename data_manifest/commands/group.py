"""How the three commands behave alike: options, errors as sentences, exit codes."""

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from pydantic import Field

from data_manifest.commands.memory import look_for_garbage_seldom
from data_manifest.commands.options import Config, Model, build, given_options, options
from data_manifest.commands.shipped import Shipped
from data_manifest.errors import DioramaError, UsageError
from data_manifest.files.publish import write_error

INTERRUPTED = 130
_DEBUG = "diorama.debug"


class CommandConfig(Config):
    """What every command takes beside its own options; neither decides any result."""

    quiet: bool = Field(False, description="print nothing but errors")
    debug: bool = Field(False, description="show the traceback of an error")


def _cores() -> int:
    import joblib

    return int(joblib.cpu_count())


class ParallelConfig(CommandConfig):
    """What every command takes that works in several processes; it decides no result."""

    workers: int = Field(
        default_factory=_cores, ge=1, le=512, description="processes  [default: all cores]"
    )


class Group(click.Group):
    """A click group that turns every error into one sentence on standard error.

    Exit codes: 2 for wrong use, 1 for failed work, 130 when interrupted. With ``--debug`` the
    traceback is shown as well. ``extra`` is what installs the libraries that the commands need.
    """

    def __init__(self, *arguments: Any, extra: str | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.extra = extra

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Begin as a process's command."""
        look_for_garbage_seldom()
        return super().main(*arguments, **options)

    def invoke(self, context: click.Context) -> Any:
        """Run the chosen command."""
        try:
            return super().invoke(context)
        except (click.exceptions.Exit, click.ClickException, BrokenPipeError):
            raise
        except (KeyboardInterrupt, click.Abort):
            sentence = "Interrupted; run the same command again to go on."
            return _leave(context, sentence, INTERRUPTED)
        except Exception as error:
            if context.meta.get(_DEBUG):
                traceback.print_exc()
            return _leave(context, *_explain(error, self.extra))


def _explain(error: Exception, extra: str | None) -> tuple[str, int]:
    if isinstance(error, ModuleNotFoundError) and extra:
        error = UsageError(
            f"{error.name} isn't installed, which this command needs; run: "
            f"pip install 'diorama[{extra}]'"
        )
    if isinstance(error, OSError):
        error = _known(error)
    if isinstance(error, DioramaError):
        return f"Error: {error}", error.exit_code
    text = " ".join(str(error).split()) or "no message"
    return f"Error: {type(error).__name__}: {text} (--debug shows where).", DioramaError.exit_code


def _known(error: OSError) -> Exception:
    """A sentence for an error of the system that ``writing`` hasn't turned into one."""
    if error.filename is None:
        return write_error(Path("The output"), error) or error
    if error.strerror is None:
        return error
    return DioramaError(f"{error.filename} can't be used: {error.strerror.lower()}.")


def _leave(context: click.Context, sentence: str, code: int) -> None:
    click.echo(sentence, err=True)
    context.exit(code)


def command(
    group: click.Group,
    model: type[Model],
    *,
    argument: str | None = None,
    many: bool = False,
    shipped: Shipped | None = None,
) -> Callable[[Callable[[Model], str]], Any]:
    """Add a command to ``group``; its function takes a checked ``model`` and returns a summary.

    The flags are the model's fields and ``--config``; ``argument`` names a field that may also be
    given without its flag, ``many`` times. The function's name and docstring are the command's name
    and help; the summary is printed unless ``--quiet``. With ``shipped`` one of those files gives
    options too; ``--config`` wins over it.
    """

    def decorate(function: Callable[[Model], str]) -> Any:
        def run(config: str | None, **parameters: Any) -> None:
            said = click.get_current_context().meta
            said[_DEBUG] = parameters.get("debug")
            bare = parameters.pop("bare", None)
            if bare and argument:
                parameters[argument] = (*(parameters[argument] or ()), *bare) if many else bare
            named = parameters.pop(shipped.what, None) if shipped else None
            files = [shipped.find(named)] if shipped and named else []
            files += [Path(config)] if config else []
            checked = build(model, given_options(parameters), files)
            said[_DEBUG] = getattr(checked, "debug", False)
            summary = function(checked)
            if not getattr(checked, "quiet", False):
                click.echo(summary)

        run.__doc__ = function.__doc__
        if argument:
            metavar = f"[{argument.upper()}]{'...' if many else ''}"
            run = click.argument("bare", nargs=-1 if many else 1, required=False, metavar=metavar)(
                run
            )
        run = click.option("--config", metavar="FILE.yaml", help="Options as YAML; flags win.")(run)
        if shipped:
            text = f"Options of a shipped {shipped.what} or of a file; see `{shipped.listed_by}`."
            run = click.option(f"--{shipped.what}", metavar="NAME|FILE.yaml", help=text)(run)
        return group.command(function.__name__.strip("_").replace("_", "-"))(options(model)(run))

    return decorate
