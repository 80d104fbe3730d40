"""A formula's entries with their shape, and when two shapes fit."""

from __future__ import annotations

from dataclasses import dataclass

from derive.model.shapes import Dimension, spoken
from derive.verify.networks import Network, collected, raw

# The sizes along one side; None fits any. One side of a derivative by a matrix has two.
Axis = tuple[Dimension | None, ...]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A network with its free indices: those of the rows first, then those of the columns."""

    rows: Axis
    cols: Axis
    net: Network

    @property
    def rank(self) -> int:
        return len(self.rows) + len(self.cols)

    def turned(self) -> Tensor:
        """The transpose."""
        if not self.rank or not (self.rows and self.cols):
            return Tensor(self.cols, self.rows, self.net)
        a, b = len(self.rows), len(self.cols)
        names = (*range(b, a + b), *range(b))
        return Tensor(self.cols, self.rows, collected(raw(self.net, names), a + b))

    def spoken(self) -> str:
        """The shape as a report names it."""
        sizes = [_size(self.rows), _size(self.cols)]
        return "1" if sizes == ["1", "1"] else "×".join(sizes)


def _size(axis: Axis) -> str:
    if not axis:
        return "1"
    named = [spoken((d, d)).split("×")[0] if d is not None else "?" for d in axis]
    return named[0] if len(named) == 1 else f"({'·'.join(named)})"


def same_size(a: Dimension | None, b: Dimension | None) -> bool:
    """Whether two sizes fit; None fits any."""
    return a is None or b is None or a == b


def known_sizes(a: Axis, b: Axis) -> Axis:
    """The sizes that either of two sides knows."""
    return tuple(y if x is None else x for x, y in zip(a, b, strict=True))


def fit(tensor: Tensor, rows: Axis, cols: Axis) -> Network | None:
    """The network of a tensor of that shape; None where it has another one."""
    alike = len(tensor.rows) == len(rows) and len(tensor.cols) == len(cols)
    if alike and all(map(same_size, (*tensor.rows, *tensor.cols), (*rows, *cols))):
        return tensor.net
    return _flat(tensor, rows, cols)


def _flat(tensor: Tensor, rows: Axis, cols: Axis) -> Network | None:
    """A gradient by a matrix whose entries stand in one row or column, as a matrix, or the other way."""
    own = tensor.rows, tensor.cols
    turned = (1, 0)
    for flat, matrix, net_turned in ((own, (rows, cols), turned), ((rows, cols), own, turned)):
        if len(matrix[0]) != 1 or len(matrix[1]) != 1:
            continue
        across, down = (*matrix[1], *matrix[0]), (*matrix[0], *matrix[1])
        if not flat[0] and len(flat[1]) == 2 and all(map(same_size, flat[1], across)):
            return collected(raw(tensor.net, net_turned), 2)
        if not flat[1] and len(flat[0]) == 2 and all(map(same_size, flat[0], down)):
            return tensor.net
    return None
