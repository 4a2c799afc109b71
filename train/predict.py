"""``train predict``: masks, depth, cut-outs and panels of pictures, of samples, or of a video."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from data_manifest.commands.progress import progress
from data_manifest.commands.remark import remark
from data_manifest.dataset import Dataset
from data_manifest.errors import UsageError
from data_manifest.files.publish import make_folder, may_write
from data_manifest.picks import spread
from data_manifest.pictures.sheet import Strip, write_png
from train.answering.answer_files import may_write_all, write_answer
from train.answering.answer_video import answer_video, video_files
from train.answering.pairs import pair_pictures, read_pairs, read_picture
from train.answering.portions import portions
from train.answering.predictor import Predictor
from train.answering.video import is_video, open_clip
from train.config.trained import PredictConfig
from train.panels.panel import Answer, Question, page

PANEL_ROWS = 24
MISSING_FRAMES = 0.02
"""Share of the frames that a file promises which may be missing: edits hide some, and some files
hold an estimate."""


class Asked(NamedTuple):
    """Pictures to answer: all their keys, and those that can be read, one by one."""

    keys: list[str]
    questions: Iterator[Question]


def predict(config: PredictConfig) -> str:
    """Answer what was asked for, and write it into ``--out``; gives a summary.

    Raises UsageError where pictures don't match, or files would be replaced unasked, SourceError
    where a video can't be read.
    """
    predictor = Predictor.load(
        config.run,
        checkpoint=config.checkpoint,
        device=config.device,
        tiles=config.tiles,
        threshold=config.threshold,
    )
    if config.fg_bg is not None and is_video(config.fg_bg):
        return _predict_video(config, predictor)
    left_out: list[str] = []

    def leave_out(sentence: str) -> None:
        remark(f"Left out: {sentence}", quiet=config.quiet)
        left_out.append(sentence)

    asked = _samples(config, predictor) if config.shards else _pictures(config, leave_out)
    return _predict_pictures(config, predictor, asked, left_out)


def _predict_pictures(
    config: PredictConfig, predictor: Predictor, asked: Asked, left_out: list[str]
) -> str:
    whole = config.out / "panel.png"
    may_write(whole, overwrite=config.overwrite)
    may_write_all(config.out, asked.keys, overwrite=config.overwrite)
    make_folder(config.out)
    on_sheet = {asked.keys[row] for row in spread(len(asked.keys), PANEL_ROWS)}
    shown: list[Strip] = []
    count = 0
    with progress("Predicting", len(asked.keys), "pictures", quiet=config.quiet) as advance:
        for portion in portions(asked.questions, lambda question: question.fg_bg):
            estimates = predictor.estimates([(one.bg, one.fg_bg) for one in portion])
            for question, estimate in zip(portion, estimates, strict=True):
                row = write_answer(config.out, question, estimate, predictor)
                shown += [row] if question.key in on_sheet else []
            count += len(portion)
            advance(len(portion))
    if not count:
        raise UsageError("There is nothing to predict: no usable picture or sample was found.")
    if shown:
        write_png(whole, page(shown), overwrite=config.overwrite)
    dropped = f", {len(left_out)} left out" if left_out else ""
    return f"{count} predictions in {config.out}{dropped}; {len(shown)} of them are in {whole}"


def _samples(config: PredictConfig, predictor: Predictor) -> Asked:
    dataset = Dataset(config.shards, split=config.split)
    rows = spread(len(dataset), config.limit)
    stage = dataset.header.stages.depth
    comparable = stage is not None and predictor.answers_as(stage.encoding)

    def questions() -> Iterator[Question]:
        for row in rows:
            sample = dataset[int(row)]
            truth = None
            if comparable and sample.depth is not None:
                truth = Answer(sample.mask, sample.depth)
            yield Question(sample.record.key, sample.bg, sample.fg_bg, truth)

    return Asked([record.key for record in dataset.records(rows)], questions())


def _pictures(config: PredictConfig, leave_out: Callable[[str], None]) -> Asked:
    assert config.fg_bg is not None and config.bg is not None
    if config.fg_bg.resolve() in (config.out.resolve(), *config.out.resolve().parents):
        raise UsageError(f"--out {config.out} lies in --fg-bg {config.fg_bg}; choose another.")
    pairs = pair_pictures(config.bg, config.fg_bg)
    chosen = [pairs[row] for row in spread(len(pairs), config.limit)]
    return Asked([pair.key for pair in chosen], read_pairs(chosen, leave_out))


def _predict_video(config: PredictConfig, predictor: Predictor) -> str:
    assert config.fg_bg is not None and config.bg is not None
    for path, what in ((config.fg_bg, "a video"), (config.bg, "the picture of its background")):
        if not path.is_file():
            raise UsageError(f"There is no file {path}; give {what}.")
    files = video_files(config.out, config.fg_bg, overwrite=config.overwrite)
    clip, bg = open_clip(config.fg_bg), read_picture(config.bg)
    promised = min(clip.frames, config.limit or clip.frames)
    make_folder(config.out)
    with progress("Predicting", promised, "frames", quiet=config.quiet) as advance:
        count = answer_video(predictor, clip, bg, files, config.limit, advance)
    if count < promised * (1 - MISSING_FRAMES) - 1:
        remark(
            f"{clip.path} promises {promised} frames, but {count} can be read: it may be damaged.",
            quiet=config.quiet,
        )
    return f"{count} frames answered; look at {files['panel']}"
