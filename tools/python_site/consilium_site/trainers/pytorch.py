"""Adapter for a PyTorch or MONAI training loop: the hospital gives a module and two functions (tools/python_site/README.md)."""
import fnmatch
import pathlib
import re

import torch

from .. import safetensors
from ..errors import ErrorCode, require
from ..model_state import Tensor
from ..trainer import Trained, Validation


class Round:
    """What a training function is told: `plan` (round, rounds, task), and the penalty that FedProx adds to the loss."""

    def __init__(self, plan, parameters):
        self.plan = plan
        self._mu = float(plan.task.get("proximal_mu", 0))
        self._start = [(parameter, parameter.detach().clone()) for parameter in parameters] if self._mu > 0 else []
        self._asked = False

    def penalty(self):
        """mu / 2 |w - w_global|^2, to be added to every step's loss; 0 where the plan asks for none. Source: Li 2020, FedProx."""
        self._asked = True
        return self._mu / 2 * sum(((parameter - start) ** 2).sum() for parameter, start in self._start) if self._start else 0.0

    @property
    def is_honoured(self):
        return self._asked or self._mu == 0


class TorchTrainer:
    """Moves weights between the federation and `module`.

    train(module, round) trains the module in place for one round and returns its metrics: {"loss": 0.3}. validate(module) returns (mean Dice in [0, 1],
    number of cases). `cases` is how many cases are trained on. `names` maps a tensor's name in the federation to that in module.state_dict(); names
    that it lacks stay as they are. Tensors that fit a pattern of `local`, or of the plan's `personal`, are trained, used and kept in `folder`, and
    never sent. Everything else of the module's floats must be in the federation's model, and the other way round.
    """

    def __init__(self, module, train, validate, cases, folder, names=None, local=()):
        self._module, self._train, self._validate = module, train, validate
        self._cases, self._folder = cases, pathlib.Path(folder)
        self._names, self._local = dict(names or {}), list(local)
        # Where no round has been trained yet, a local tensor is what the module was made with.
        self._made = {name: values.detach().clone() for name, values in module.state_dict().items()}

    def validate(self, plan, model):
        self._load(plan, model)
        self._module.eval()
        with torch.no_grad():
            score, cases = self._validate(self._module)
        return Validation(float(score), int(cases))

    def train(self, plan, model):
        sent, local = self._load(plan, model)
        torch.manual_seed((int(plan.task.get("seed", 0)) * 1_000_003 + plan.round) % 2**63)  # a repeated round gives the same bytes
        own_names = {self._own(name) for name in sent}
        round_ = Round(plan, [parameter for name, parameter in self._module.named_parameters() if name in own_names])
        self._module.train()
        metrics = self._train(self._module, round_) or {}
        require(round_.is_honoured, ErrorCode.UNSUPPORTED, "the plan has proximal_mu; add round.penalty() to the loss")
        values = self._module.state_dict()
        if local:
            kept = {name: Tensor(values[name].detach().cpu().numpy().copy()) for name in local}
            safetensors.write(self._folder / f"local_after_{plan.round + 1}.safetensors", kept)
        state = {name: Tensor(values[self._own(name)].detach().cpu().numpy().copy(), model[name].group) for name in sent}
        return Trained(state, {tensor.group: self._cases for tensor in state.values()}, {key: float(value) for key, value in metrics.items()})

    def finish(self, plan, model, trainings):
        """The federation's best model with the site's own tensors in it."""
        _, local = self._load(plan, model, trainings)
        values = self._module.state_dict()
        return {name: Tensor(values[name].detach().cpu().numpy().copy(), tensor.group) if self._own(name) in local else tensor for name, tensor in model.items()}

    def _own(self, name):
        return self._names.get(name, name)

    def _load(self, plan, model, trainings=None):
        """Puts the global weights and the local ones of this round into the module: (names that are sent, names that are local)."""
        own = {name: values for name, values in self._module.state_dict().items() if values.is_floating_point()}
        patterns = [*self._local, *plan.task.get("personal", [])]
        is_local = lambda *words: any(fnmatch.fnmatchcase(word, pattern) for word in words for pattern in patterns)
        sent = [name for name in model if not is_local(name, self._own(name))]
        for name in sent:
            require(self._own(name) in own, ErrorCode.MISMATCH, f'the global model\'s tensor "{name}" is not in the module\'s state_dict (nearest use: names={{"{name}": ...}})')
            found, expected = own[self._own(name)], model[name].values.shape
            require(tuple(found.shape) == expected, ErrorCode.MISMATCH, f'tensor "{name}" has shape {list(expected)} in the federation, {list(found.shape)} in the module')
            require(found.dtype == torch.float32, ErrorCode.UNSUPPORTED, f'tensor "{name}" of the module is {found.dtype}; weights travel as float32')
        taken = {self._own(name) for name in sent}
        personal = {self._own(name) for name in model} - taken
        local = [name for name in own if name not in taken]
        for name in local:
            require(name in personal or is_local(name), ErrorCode.MISMATCH, f'the module\'s tensor "{name}" is not in the global model; name it in `names`, or in `local` if it is to stay here')
        new = {self._own(name): torch.from_numpy(model[name].values.copy()) for name in sent}
        if local:
            new.update(self._local_values(local, plan.round if trainings is None else trainings))
        self._module.load_state_dict(new, strict=False)
        return sent, local

    def _local_values(self, names, trainings):
        files = {int(match[1]): path for path in self._folder.glob("local_after_*.safetensors") if (match := re.fullmatch(r"local_after_(\d+)\.safetensors", path.name))}
        earlier = [number for number in files if number <= trainings]
        if not earlier:
            return {name: self._made[name] for name in names}
        state, _ = safetensors.read(files[max(earlier)])
        require(set(state) == set(names), ErrorCode.MISMATCH, f"{files[max(earlier)]}: holds other tensors than those that stay here")
        return {name: torch.from_numpy(state[name].values) for name in names}
