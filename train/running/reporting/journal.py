"""What a run leaves for a person to see: TensorBoard, metrics.jsonl, and curves as a picture."""

from pathlib import Path

import numpy as np
import torch
from torch.utils.tensorboard import SummaryWriter

from data_manifest.files.publish import publish_lines
from data_manifest.record import Picture
from train.data.draws import as_stored
from train.panels.panel import Answer, Question, panel
from train.running.checkpoint import Numbers
from train.running.reporting.curves import draw_curves
from train.running.trainer import Trainer

STEPS_BETWEEN = 20
PANEL_ROWS = 4


class Journal:
    """Writes a run's numbers into its folder; only one process of a run has one."""

    def __init__(self, folder: Path, begun_step: int) -> None:
        self._folder, self._step = folder, begun_step
        self._writer = SummaryWriter(str(folder / "tensorboard"), purge_step=begun_step + 1)

    def close(self) -> None:
        """Write what isn't written yet."""
        self._writer.close()

    def step(self, numbers: Numbers) -> None:
        """Count a step, and log its numbers now and then."""
        self._step += 1
        if self._step % STEPS_BETWEEN == 0:
            for name, value in numbers.items():
                self._writer.add_scalar(name, value, self._step)

    def epoch(self, trainer: Trainer, history: list[Numbers]) -> None:
        """Log the last epoch's numbers, and pictures of the same samples each time."""
        for name, value in history[-1].items():
            self._writer.add_scalar(name, value, self._step)
        shown = example_panel(trainer)
        if shown is not None:
            self._writer.add_image("val/panel", shown, self._step, dataformats="HWC")
        self._writer.flush()
        rows = [{"epoch": number + 1, **row} for number, row in enumerate(history)]
        publish_lines(self._folder / "metrics.jsonl", rows)
        draw_curves(history, self._folder / "curves.png")


@torch.inference_mode()
def example_panel(trainer: Trainer) -> Picture | None:
    """A few samples of the deciding split beside their answers, if there is such a split."""
    if trainer.val_loader is None or trainer.unseen is None:
        return None
    rows = np.linspace(0, len(trainer.unseen) - 1, PANEL_ROWS).astype(np.int64)
    encoding, size = trainer.network.encoding, trainer.network.size
    batch = next(iter(trainer.val_loader.batches(as_stored(rows, PANEL_ROWS, size))))
    true, batch = batch.as_float(), batch.to(torch.device("cpu"))
    trainer.used_model.eval()
    mask_logits, depth = trainer.used_model(true.bg, true.fg_bg)
    rows_shown = []
    for number in range(len(rows)):
        bg, fg_bg = (part[number].permute(1, 2, 0).numpy() for part in (batch.bg, batch.fg_bg))
        truth = Answer(
            batch.mask[number, 0].numpy() > 0, encoding.from_target(batch.depth[number, 0].numpy())
        )
        answer = Answer(
            (mask_logits[number, 0] > 0).cpu().numpy(),
            encoding.from_target(depth[number, 0].clamp(0, 1).float().cpu().numpy()),
        )
        rows_shown.append(
            (Question(trainer.unseen.key_of(int(rows[number])), bg, fg_bg, truth), answer)
        )
    return panel(rows_shown, encoding)
