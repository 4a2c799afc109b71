"""``train models``: the students and the presets, with what each weighs."""

import torch
from torch.utils.flop_counter import FlopCounterMode

from data_manifest.commands.shipped import title
from train.config.models import ModelsConfig
from train.models.layout import Layout
from train.models.make import make_model
from train.models.names import STUDENTS, checked_name, described
from train.presets import PRESETS

SIDE = 224


def list_models(config: ModelsConfig) -> str:
    """A line per student, or of one; then the presets. Raises UsageError for a name of none."""
    names = [checked_name(config.name)] if config.name else list(STUDENTS)
    widest = max(map(len, names))
    head = f"{'student':{widest}}  {'parameters':>11}  {f'MACs at {SIDE}':>11}  sides"
    lines = [head]
    for name in names:
        parameters, macs = weighed(name)
        what = described(name)
        lines.append(
            f"{name:{widest}}  {parameters:>11,}  {macs / 1e9:>9.2f} G  "
            f"{what.sides:18}  {what.about}"
        )
    if not config.name:
        lines += ["", "Presets, each as an earlier system trained:"]
        lines += [f"{name:{widest}}  {title(path)}" for name, path in PRESETS.files.items()]
        lines += ["train fit --model NAME trains one, --preset NAME as that system did"]
    return "\n".join(lines)


def weighed(name: str) -> tuple[int, int]:
    """A student's parameters, and its multiplications and additions for one pair at 224 px.

    Counted on shapes alone: nothing is computed.
    """
    with torch.device("meta"):
        model = make_model(name, Layout()).eval()
        pair = torch.empty(1, 3, SIDE, SIDE), torch.empty(1, 3, SIDE, SIDE)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(*pair)
    return sum(part.numel() for part in model.parameters()), counter.get_total_flops() // 2
