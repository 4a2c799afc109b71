"""``datagen preview``: a dataset to look at before anything is trained."""

from data_manifest.dataset import Dataset, open_dataset
from data_manifest.errors import UsageError
from data_manifest.files.publish import make_folder, may_write, publish_text
from data_manifest.pictures.sheet import write_png
from datagen.config import PreviewConfig
from datagen.report.contact_sheet import contact_sheet, shown_rows
from datagen.report.facts import gather
from datagen.report.page import page


def preview(config: PreviewConfig) -> str:
    """Draw the contact sheet or write the report; gives a line that says where it is.

    Raises UsageError where ``out`` has another ending, or exists and may not be replaced.
    """
    write = {".png": _contact_sheet, ".html": _report}.get(config.out.suffix.lower())
    if write is None:
        raise UsageError(
            f"--out {config.out} must end with .png for a contact sheet or .html for the report."
        )
    dataset = open_dataset(config.data)
    may_write(config.out, overwrite=config.overwrite, mark=_mark(dataset))
    return write(dataset, config)


def _mark(dataset: Dataset) -> str:
    """What a preview carries, so that a later one of the same dataset may take its place."""
    return f"datagen preview of {dataset.header.fingerprint}"


def _contact_sheet(dataset: Dataset, config: PreviewConfig) -> str:
    samples = [dataset[row] for row in shown_rows(dataset, config.samples, config.where)]
    picture = contact_sheet(dataset, samples, config.columns)
    write_png(config.out, picture, overwrite=config.overwrite, mark=_mark(dataset))
    return f"{len(samples)} samples of {config.data} are shown in {config.out}"


def _report(dataset: Dataset, config: PreviewConfig) -> str:
    rows = shown_rows(dataset, config.samples, config.where)
    facts = gather(dataset, config.sampled, quiet=config.quiet)
    text = page(facts, rows, _mark(dataset))
    make_folder(config.out.parent)
    publish_text(config.out, text)
    return (
        f"the report of {config.data} is {config.out}, {config.out.stat().st_size / 1e6:.1f} MB; "
        f"pixels were measured on {facts.sampled()}"
    )
