"""Everything that a user can cause, as one tree.

::

    DioramaError              exit code 1: the work failed
    ├── UsageError            exit code 2: the command, its options or its input folders are wrong
    ├── SourceError           a picture can't be used; counted, never fatal by itself
    ├── DatasetError          a dataset or a shard is missing or damaged
    │   └── RecipeError       … or is whole, but was made by another recipe
    ├── WriteError            the disk is full, or the place can't be written
    ├── TrainingError         training went wrong
    ├── WeightsError          weights can't be fetched, or aren't what they should be
    └── TeacherError          a teacher's answer can't be used

A message says where, what was found, what was expected and what to do next.
"""


class DioramaError(Exception):
    """Root of the tree; its text is one sentence for a person."""

    exit_code = 1


class UsageError(DioramaError):
    """The command, its options or its input folders are wrong."""

    exit_code = 2


class SourceError(DioramaError):
    """One picture can't be used."""


class DatasetError(DioramaError):
    """A dataset or a shard is missing or damaged."""


class RecipeError(DatasetError):
    """A dataset or a shard is whole, but was made by another recipe."""


class WriteError(DioramaError):
    """The disk is full, or the place can't be written."""


class TrainingError(DioramaError):
    """Training went wrong."""


class WeightsError(DioramaError):
    """Weights can't be fetched, or aren't what they should be."""


class TeacherError(DioramaError):
    """A teacher's answer can't be used."""
