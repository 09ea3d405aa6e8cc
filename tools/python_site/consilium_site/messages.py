"""Messages turned into values, checked before use, and values into messages."""
import math
import re
from dataclasses import dataclass, field

from . import schema
from .chunks import ChunkList
from .errors import ErrorCode, require
from .files import MOST_BYTES
from .json_text import parse_json
from .trainer import RoundPlan, Validation

MOST_ROUNDS = 1_000_000
MOST_TASK_BYTES = 1 << 20
MOST_ENTRIES = 4096
MOST_NAME_BYTES = 256
MOST_REASON_BYTES = 4096
RECEIPTS = {1: "accepted", 2: "duplicate", 3: "stale", 4: "rejected"}


@dataclass
class Announced:
    plan: RoundPlan
    finished: bool
    best_round: int
    model: ChunkList
    federation: str  # of this run, 32 hexadecimal digits


@dataclass
class Update:
    """What a site sends of a round, but for the weights, which travel as a file."""

    round: int
    base_digest: str
    validation: Validation
    cases_per_group: dict = field(default_factory=dict)
    metrics: dict = field(default_factory=dict)


def announced_of(message):
    """Raises CORRUPT_DATA naming the field."""
    what = "announcement"
    require(1 <= message.rounds <= MOST_ROUNDS and 0 <= message.round <= message.rounds + 1, ErrorCode.CORRUPT_DATA, f"{what}: round {message.round} of {message.rounds}")
    require(0 <= message.best_round <= message.rounds, ErrorCode.CORRUPT_DATA, f"{what}: the best of {message.rounds} rounds is number {message.best_round}")
    task = message.task.encode()
    require(len(task) <= MOST_TASK_BYTES, ErrorCode.CORRUPT_DATA, f"{what}: a task of {len(task)} bytes")
    require(isinstance(parse_json(task, f"{what}: the task"), dict), ErrorCode.CORRUPT_DATA, f"{what}: the task is not a JSON object")
    require(re.fullmatch("[0-9a-f]{64}", message.base_digest), ErrorCode.CORRUPT_DATA, f"{what}: a digest that is not 64 hexadecimal digits")
    require(re.fullmatch("[0-9a-f]{32}", message.federation), ErrorCode.CORRUPT_DATA, f"{what}: a federation that is not 32 hexadecimal digits")
    plan = RoundPlan(message.round, message.rounds, message.base_digest, message.task)
    return Announced(plan, message.finished, message.best_round, ChunkList.from_message(message.model, MOST_BYTES, what), message.federation)


def offer_of(update, delta):
    """The message. Raises UNSUPPORTED for what the coordinator would refuse."""
    for what, words in (("group", update.cases_per_group), ("metric", update.metrics)):
        require(len(words) <= MOST_ENTRIES, ErrorCode.UNSUPPORTED, f"{len(words)} {what}s: at most {MOST_ENTRIES} are sent")
        for name in words:
            require(0 < len(name.encode()) <= MOST_NAME_BYTES, ErrorCode.UNSUPPORTED, f"a {what}'s name of {len(name.encode())} bytes: 1 to {MOST_NAME_BYTES} are sent")
    for name, value in update.metrics.items():
        require(math.isfinite(value), ErrorCode.UNSUPPORTED, f"metric {name} is not finite")
    message = schema.message("UpdateOffer")(
        round=update.round, base_digest=update.base_digest, cases_per_group=update.cases_per_group, metrics=update.metrics,
        validation_score=update.validation.score, validation_cases=update.validation.cases)
    delta.to_message(message.delta)
    return message


def receipt_of(message):
    """(word, reason). Raises CORRUPT_DATA."""
    require(message.kind in RECEIPTS, ErrorCode.CORRUPT_DATA, "receipt: of an unknown kind")
    require(len(message.reason.encode()) <= MOST_REASON_BYTES, ErrorCode.CORRUPT_DATA, "receipt: the reason is too long")
    return RECEIPTS[message.kind], message.reason
