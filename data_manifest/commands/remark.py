"""Sentences beside the result: what a person should know, and nothing depends on."""

import click


def remark(sentence: str, *, quiet: bool) -> None:
    """Say a sentence on standard error, but for ``--quiet``."""
    if not quiet:
        click.echo(sentence, err=True)
