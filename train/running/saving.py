"""What a run is at a moment, as a checkpoint; and a run put back to where a checkpoint was."""

from typing import Any

from data_manifest.errors import UsageError, WeightsError
from train.config.fit import FitConfig
from train.running.checkpoint import Checkpoint, Numbers
from train.running.itinerary import Itinerary
from train.running.trainer import Trainer


def captured(
    trainer: Trainer,
    position: tuple[int, int],
    fingerprint: str,
    sums: Numbers,
    history: list[Numbers],
) -> Checkpoint:
    """The run as it is after ``position``: whole epochs, and samples of the next one."""
    average, scaler = trainer.averaged, trainer.accelerator.scaler
    states: dict[str, Any] = {
        "optimizer": trainer.optimizer.state_dict(),
        "schedule": trainer.schedule.state_dict(),
        "losses": trainer.losses.state_dict(),
        "averages": 0 if average is None else average.count,
        "scaler": None if scaler is None else scaler.state_dict(),
    }
    return Checkpoint(
        network=trainer.network,
        weights=trainer.bare_model.state_dict(),
        averaged=None if average is None else average.module.state_dict(),
        epoch=position[0],
        consumed=position[1],
        fingerprint=fingerprint,
        states=states,
        sums=sums,
        history=history,
    )


def for_use(checkpoint: Checkpoint) -> Checkpoint:
    """The same without what only a run needs that goes on."""
    used = checkpoint.averaged or checkpoint.weights
    return checkpoint._replace(weights=used, averaged=None, states={}, sums={})


def restored(
    trainer: Trainer, checkpoint: Checkpoint, itinerary: Itinerary, options: FitConfig
) -> Trainer:
    """The trainer where the run was when the checkpoint was made."""
    states, epoch = checkpoint.states, checkpoint.epoch
    load_weights(trainer, checkpoint)
    if trainer.averaged is not None and checkpoint.averaged is not None:
        trainer.averaged.module.load_state_dict(checkpoint.averaged)
        trainer.averaged.count = states["averages"]
    schedule = trainer.schedule.anew(
        itinerary.pace(max(epoch - (not checkpoint.consumed), 0), options)
    )
    trainer.optimizer.load_state_dict(states["optimizer"])
    schedule.load_state_dict(states["schedule"])
    trainer.losses.load_state_dict(states["losses"])
    if trainer.accelerator.scaler is not None and states["scaler"]:
        trainer.accelerator.scaler.load_state_dict(states["scaler"])
    return trainer._replace(schedule=schedule)


def load_weights(trainer: Trainer, checkpoint: Checkpoint) -> None:
    """Give the network a checkpoint's weights. Raises WeightsError where they are another's."""
    name = trainer.network.name
    if checkpoint.network.name != name:
        raise UsageError(
            f"The checkpoint is of {checkpoint.network.name}, and --model is {name}; they must be "
            "the same."
        )
    try:
        trainer.bare_model.load_state_dict(checkpoint.weights)
    except RuntimeError as error:
        first = " ".join(str(error).split())[:160]
        raise WeightsError(f"The checkpoint's weights don't fit {name}: {first}.") from error
