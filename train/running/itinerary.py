"""What a run will do: its epochs, and how the learning rate goes over them."""

from typing import NamedTuple

from data_manifest.record import Size
from train.config.fit import FitConfig
from train.data.order import Leg, legs, steps_of
from train.schedules import Pace


class Itinerary(NamedTuple):
    """The epochs of a run, and how many samples a step takes."""

    legs: list[Leg]
    batch_size: int

    @classmethod
    def of(cls, options: FitConfig, of_dataset: Size, samples: int) -> "Itinerary":
        """The itinerary that options make of so many training samples."""
        sizes = options.sizes(of_dataset)
        return cls(legs(sizes, samples, options.chain), options.samples_per_step)

    def steps(self, leg: Leg) -> int:
        """How many steps an epoch has."""
        return steps_of(len(leg.rows), self.batch_size)

    def steps_before(self, epoch: int, consumed: int) -> int:
        """How many steps a run has made that is so far."""
        whole = sum(self.steps(leg) for leg in self.legs[:epoch])
        return whole + round(consumed / self.batch_size)

    def pace(self, epoch: int, options: FitConfig) -> Pace:
        """How the learning rate goes in the part of the run that ``epoch`` belongs to.

        That is the whole run, or a link of the chain where each has a schedule of its own.
        """
        part = self.legs[min(epoch, len(self.legs) - 1)].part
        restarts = options.chain_lr == "restart"
        mine = [leg for leg in self.legs if leg.part == part or not restarts]
        steps = sum(self.steps(leg) for leg in mine)
        return Pace(
            name=options.schedule,
            lr=options.lr,
            steps=steps,
            epoch_steps=max(steps // len(mine), 1),
            least_lr=options.least_lr,
            warmup=options.warmup,
            every=options.every,
            gamma=options.gamma,
            cycles=options.cycles,
        )

    def restarts_at(self, epoch: int, options: FitConfig) -> bool:
        """Whether a new schedule begins with an epoch."""
        begins = epoch > 0 and self.legs[epoch].part != self.legs[epoch - 1].part
        return begins and options.chain_lr == "restart"
