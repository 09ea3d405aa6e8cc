"""The weights of a model: a dict from tensor name to Tensor."""
from dataclasses import dataclass

import numpy

from .errors import ErrorCode, require

# A big-endian machine keeps its numbers in this order too: they are hashed and sent as they lie.
FLOAT = numpy.dtype("<f4")


@dataclass
class Tensor:
    """`values` is a contiguous little-endian float32 array; the group says who trains it (`trunk`, `head`, ...)."""

    values: numpy.ndarray
    group: str = ""

    def __post_init__(self):
        values = numpy.asarray(self.values)
        require(values.dtype == FLOAT, ErrorCode.UNSUPPORTED, f"weights are float32, not {values.dtype}")
        # ascontiguousarray would give a number a dimension.
        self.values = values if values.flags.c_contiguous else values.copy(order="C")

    def __eq__(self, other):
        return self.group == other.group and self.values.shape == other.values.shape and self.values.tobytes() == other.values.tobytes()


def name_order(name):
    """Tensors are sorted by the bytes of their names."""
    return name.encode()


def difference(trained, start):
    """trained - start in float32, tensor by tensor: what an update holds. Only tensors of `trained` occur."""
    for name, tensor in trained.items():
        require(name in start, ErrorCode.MISMATCH, f'tensor "{name}" is not in the global model')
        require(tensor.values.shape == start[name].values.shape, ErrorCode.MISMATCH, f'tensor "{name}" has another shape than in the global model')
    return {name: Tensor(tensor.values - start[name].values, start[name].group) for name, tensor in trained.items()}
