"""Curves of a run, and of losses over learning rates, as pictures."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from data_manifest.files.publish import publishing

Floats = npt.NDArray[np.float64]
PANELS = {
    "loss": ("train/loss", "val/loss"),
    "mask IoU": ("val/mask_iou",),
    "depth RMSE": ("val/depth_rmse",),
    "learning rate": ("lr",),
}


def draw_curves(history: Sequence[dict[str, float]], path: Path) -> None:
    """Publish the training curves as PNG; ``history`` holds a dict of numbers per epoch."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4 * len(PANELS), 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    epochs = range(1, len(history) + 1)
    for number, (title, names) in enumerate(PANELS.items(), start=1):
        axes = figure.add_subplot(1, len(PANELS), number, title=title, xlabel="epoch")
        for name in names:
            if name in history[0]:
                axes.plot(epochs, [row[name] for row in history], marker="o", ms=3, label=name)
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend(frameon=False)
    with publishing(path) as temporary:
        figure.savefig(temporary, dpi=110, format="png")


def draw_range(
    rates: Floats, losses: Floats, smooth: Floats, suggestion: float, path: Path
) -> None:
    """Publish losses over learning rates as PNG, arrays of one length, and the rate to take."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(title="loss", xlabel="learning rate", xscale="log")
    axes.plot(rates, losses, color="0.8", label="of each step")
    axes.plot(rates, smooth, label="smoothed")
    axes.axvline(suggestion, color="tab:red", ls="--", label=f"falls fastest: {suggestion:.2g}")
    axes.set_ylim(top=float(np.quantile(losses, 0.95)) * 1.1)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    with publishing(path) as temporary:
        figure.savefig(temporary, dpi=110, format="png")
