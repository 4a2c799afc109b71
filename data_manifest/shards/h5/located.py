"""Where the rows of an HDF5 shard's streams lie, and that they lie in its own file."""

import os

import h5py
import numpy as np
import numpy.typing as npt

from data_manifest.errors import DatasetError


class Located:
    """Where each row of a stream lies; ``shape`` is a row's shape in the raw codec, else None."""

    def __init__(self, file: h5py.File, name: str) -> None:
        if _is_of_file(file, name) and isinstance(file[name], h5py.Group):
            self._data, self.shape = own(file, f"{name}/data"), None
            self._bounds: npt.NDArray[np.int64] = own(file, f"{name}/offsets")[:]
        else:
            self._data = own(file, name)
            self.shape = self._data.shape[1:]
            rows = np.arange(len(self._data) + 1, dtype=np.int64)
            self._bounds = rows * int(np.prod(self.shape))
        self._rows = len(self._bounds) - 1
        self._end = self._data.size
        self._start: int | None = self._data.id.get_offset()

    def read(self, descriptor: int, row: int) -> bytes:
        """The bytes of a row. Raises IndexError where there is none, DatasetError if damaged."""
        if not 0 <= row < self._rows:
            raise IndexError(row)
        begin, end = int(self._bounds[row]), int(self._bounds[row + 1])
        if not 0 <= begin <= end <= self._end:
            raise DatasetError(f"Offsets of row {row} of a shard lead nowhere; it is damaged.")
        if self._start is not None:
            return os.pread(descriptor, end - begin, self._start + begin)
        piece = self._data[row] if self.shape else self._data[begin:end]
        return piece.tobytes()  # type: ignore[no-any-return]


def own(file: h5py.File, name: str) -> h5py.Dataset:
    """A dataset of the file. Raises ValueError where its values would come from other files."""
    found = file[name] if _is_of_file(file, name) else None
    if not isinstance(found, h5py.Dataset) or found.external or found.is_virtual:
        raise ValueError(f"{name} is no dataset of its own")
    return found


def _is_of_file(file: h5py.File, name: str) -> bool:
    """Whether no part of a name is a link, which might lead into another file."""
    parts = name.split("/")
    above = ("/".join(parts[:count]) for count in range(1, len(parts) + 1))
    return all(isinstance(file.get(part, getlink=True), h5py.HardLink) for part in above)
