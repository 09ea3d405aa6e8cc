"""What a hospital's own training program must offer."""
import json
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class RoundPlan:
    """What the coordinator asks of every site in one round."""

    round: int  # from 0; `rounds` is the last look at the finished model, without training
    rounds: int
    base_digest: str
    task_text: str  # JSON, exactly as announced

    @property
    def task(self):
        """The training settings (docs/formats.md) as a dict."""
        return json.loads(self.task_text)

    @property
    def is_last_look(self):
        return self.round >= self.rounds


@dataclass(frozen=True)
class Validation:
    """How well the global model does on the site's own validation cases."""

    score: float = 0.0  # mean Dice, [0, 1]
    cases: int = 0      # 0: no say in the choice of the best model


@dataclass
class Trained:
    """What came out of a round of local training."""

    state: dict                # the tensors that were trained (model_state.Tensor by name); others may be left out
    cases_per_group: dict      # how many cases trained each group that occurs in `state`
    metrics: dict = field(default_factory=dict)  # the site's own words ("loss"), for the report


class Trainer(Protocol):
    """Both calls depend on their arguments and the site's data only, so that a site that was killed can repeat a round.

    A trainer may also have finish(plan, model, trainings): what it makes of the federation's best model, which came out of `trainings` rounds.
    """

    def validate(self, plan: RoundPlan, model: dict) -> Validation:
        """Of the global model, before it is trained."""

    def train(self, plan: RoundPlan, model: dict) -> Trained:
        """The trained weights themselves, not the difference: the client subtracts."""
