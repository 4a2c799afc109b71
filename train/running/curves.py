"""What a run leaves for a person to see: TensorBoard scalars, and its curves as one picture."""

from collections.abc import Sequence
from pathlib import Path

from data_manifest.files.publish import publishing

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
