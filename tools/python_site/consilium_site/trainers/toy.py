"""A trainer in numpy without any images: to try a federation out, and for the tests."""
import time

import numpy

from ..errors import ErrorCode, require
from ..model_state import Tensor
from ..trainer import Trained, Validation


class Pull:
    """One step of gradient descent on rate / 2 |w - target|^2 for every weight, in float32: w + rate (target - w)."""

    def __init__(self, target=0.0, rate=0.5, cases=1, seconds=0.0):
        require(isinstance(cases, int) and cases > 0, ErrorCode.USAGE, "options.cases: expected a whole number above 0")
        self._target, self._rate = numpy.float32(target), numpy.float32(rate)
        self._cases, self._seconds = cases, seconds

    def validate(self, plan, model):
        """1 / (1 + mean distance from the target)."""
        distances = [abs(float(tensor.values.reshape(-1)[0]) - float(self._target)) for tensor in model.values() if tensor.values.size]
        return Validation(1 / (1 + sum(distances) / max(1, len(distances))), self._cases)

    def train(self, plan, model):
        time.sleep(self._seconds)
        state = {name: Tensor(tensor.values + self._rate * (self._target - tensor.values), tensor.group) for name, tensor in model.items()}
        groups = {tensor.group for tensor in model.values()}
        return Trained(state, {group: self._cases for group in groups}, {"loss": 1 - self.validate(plan, model).score})
