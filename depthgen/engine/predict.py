"""Pictures to a teacher's answers, in batches of one size whatever is asked."""

from collections.abc import Sequence

import numpy as np

from data_manifest.errors import TeacherError
from data_manifest.pictures.resizing import resize
from data_manifest.record import Depth, Picture, Size
from depthgen.engine.networks import Network
from depthgen.engine.torch_network import OutOfMemory
from depthgen.teachers.card import Teacher


class Predictor:
    """A teacher's network, shown pictures of any size."""

    def __init__(self, teacher: Teacher, network: Network) -> None:
        self.teacher, self.network = teacher, network

    def answers(self, pictures: Sequence[Picture], frame: Size) -> list[Depth]:
        """Each (H, W, 3) uint8 RGB to (h, w) float32 of the size ``frame``.

        The network always sees as many pictures at a time; black ones where there are fewer. Where
        the device's memory runs out, half as many are tried. Raises what the network raises.
        """
        shown = [resize(picture, self.teacher.input_size) for picture in pictures]
        found: list[Depth] = []
        while len(found) < len(shown):
            found += self._batch(shown[len(found) : len(found) + self.network.batch])
        return [resize(answer, frame) for answer in found]

    def mirrored(self, pictures: Sequence[Picture], frame: Size) -> list[Depth]:
        """The answers to the mirror images, mirrored back."""
        answers = self.answers([picture[:, ::-1] for picture in pictures], frame)
        return [answer[:, ::-1] for answer in answers]

    def nearness(self, pictures: Sequence[Picture], frame: Size) -> list[Depth]:
        """The answers, turned so that what is nearer is larger, whatever the teacher means."""
        sign = np.float32(1 if self.teacher.meaning.near_is == "large" else -1)
        return [sign * answer for answer in self.answers(pictures, frame)]

    def _batch(self, shown: Sequence[Picture]) -> list[Depth]:
        """The answers of at most a batch; of the first half where memory ran out."""
        while True:
            size = self.network.batch
            batch = np.zeros((size, *shown[0].shape), np.uint8)
            batch[: len(shown)] = shown[:size]
            try:
                answers = self.network.answer(batch)
            except OutOfMemory:
                if not self.network.halve():
                    raise
                continue
            return list(answers[: min(len(shown), size)])


def refuse_unfinished(answer: Depth, teacher: str, of: str) -> None:
    """Raises TeacherError where an answer holds NaN or infinity."""
    wrong = answer.size - int(np.count_nonzero(np.isfinite(answer)))
    if wrong:
        raise TeacherError(
            f"{teacher} answers {of} with {wrong:,} of {answer.size:,} values that are NaN or "
            "infinite; nothing was stored."
        )
