"""A site's way through a federation (docs/wire_format.md, "A client, step by step")."""
import itertools
import pathlib
import time
from dataclasses import dataclass

from . import safetensors
from .certificates import read_tls_files
from .chunks import ChunkCollector, ChunkList
from .connection import Broken, Connection
from .errors import Error, ErrorCode, require
from .files import read_file, write_file
from .messages import Update, offer_of
from .model_state import difference
from .update_file import UpdateFile

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 3


@dataclass
class SiteOptions:
    name: str          # as in the certificate
    coordinator: str   # host:port, or several, tried in turn: host:port,host:port
    keys: str          # folder with ca.crt, NAME.crt and NAME.key
    folder: str        # the last update is kept here, and at the end model.safetensors
    give_up_seconds: float = 600  # without any contact to the coordinator


class Downloads:
    """A model by its digest; the chunks that came survive a broken connection."""

    def __init__(self):
        self._collector = None

    def fetch(self, connection, announced):
        wrong = "the global model does not have the digest that the coordinator announced"
        require(announced.model.digest() == announced.plan.base_digest, ErrorCode.CORRUPT_DATA, wrong)
        if self._collector is None or self._collector.chunks != announced.model:
            self._collector = ChunkCollector(announced.model)
        missing = self._collector.missing()
        if missing:
            connection.fetch_model(announced.plan.base_digest, missing[0], self._collector.add)
        if self._collector.missing():
            raise Broken("fetching the model: chunks are missing")
        model, _ = safetensors.parse(self._collector.assemble(), "the global model")
        require(safetensors.digest(model) == announced.plan.base_digest, ErrorCode.CORRUPT_DATA, wrong)  # the file is written as the digest demands
        return model


def require_same_federation(folder, federation):
    """A site's folder belongs to one run of one federation. Raises MISMATCH."""
    file = pathlib.Path(folder) / "federation"
    if not file.exists():
        write_file(file, federation.encode() + b"\n")
    require(read_file(file, 4096) == federation.encode() + b"\n", ErrorCode.MISMATCH,
            f"{folder}: this site is in another run than the one that the coordinator announces; is a second coordinator running, or was the first one's folder lost? To leave the old run, give another folder, or remove this one")


def take_part(trainer, plan, model):
    """One round at the site: (offer, bytes of the delta)."""
    update = Update(plan.round, plan.base_digest, trainer.validate(plan, model))
    delta = b""
    if not plan.is_last_look:
        trained = trainer.train(plan, model)
        update.cases_per_group, update.metrics = trained.cases_per_group, trained.metrics
        weights = difference(trained.state, model)
        for group in {tensor.group for tensor in weights.values()}:
            require(group in trained.cases_per_group, ErrorCode.UNSUPPORTED, f'the trainer does not say how many cases trained group "{group}"')
        delta = safetensors.encode(weights)
    return offer_of(update, ChunkList.of(delta)), delta


def confirm(connection, announced):
    """Tells the coordinator, which waits for it, that the best model is on this site's disk. If it has gone already, nothing is lost."""
    try:
        connection.fetch_model(announced.plan.base_digest, len(announced.model.hashes), lambda *chunk: None)
    except (Broken, Error):
        pass


def run_site(options, trainer, tell=lambda line: None):
    """Takes part until the federation is finished: its best model, which is then in model.safetensors, too.

    Raises UNREACHABLE after give_up_seconds without contact, REFUSED when the coordinator does not accept this site, MISMATCH when it speaks another
    version of the protocol, and as read_tls_files.
    """
    model_file, finished_file = (pathlib.Path(options.folder) / name for name in ("model.safetensors", "finished"))
    if finished_file.exists():  # the coordinator may be gone
        tell(f"this site's federation is finished; its model is {model_file}")
        return safetensors.read(model_file)[0]
    pems = read_tls_files(options.keys, options.name)
    file, downloads = UpdateFile(options.folder), Downloads()
    last_contact, pause, told = time.monotonic(), FIRST_PAUSE_SECONDS, ""
    for address in itertools.cycle(options.coordinator.split(",")):
        try:
            with Connection(address, pems) as connection:
                answered = -1  # a coordinator that restarted has forgotten what it got in the open round
                while True:
                    announced = connection.next_announcement()
                    plan = announced.plan
                    last_contact, pause, told = time.monotonic(), FIRST_PAUSE_SECONDS, ""
                    require_same_federation(options.folder, announced.federation)
                    if not announced.finished and plan.round <= answered:
                        continue
                    model = downloads.fetch(connection, announced)
                    if announced.finished:
                        finish = getattr(trainer, "finish", None)
                        model = finish(plan, model, announced.best_round) if finish else model
                        safetensors.write(model_file, model, {"format": "pt", "consilium.training": plan.task_text})
                        write_file(finished_file, announced.federation.encode() + b"\n")
                        confirm(connection, announced)
                        tell("finished: the federation's best model is here")
                        return model
                    saved = file.load(plan)
                    if saved is None:
                        tell("validating the final model" if plan.is_last_look else f"round {plan.round + 1} of {plan.rounds}: training")
                        saved = take_part(trainer, plan, model)
                        file.save(*saved)
                        last_contact = time.monotonic()  # training is no silence
                    word, reason = connection.send_update(*saved)
                    answered = plan.round
                    if word == "rejected":
                        tell(f"round {plan.round + 1}: the coordinator rejected the update: {reason}")
                    if word == "stale":
                        tell(f"round {plan.round + 1} was closed without this site")
        except Broken as broken:
            silent = time.monotonic() - last_contact
            require(silent < options.give_up_seconds, ErrorCode.UNREACHABLE, f"no contact with the coordinator at {options.coordinator} for {int(silent)} s ({broken})")
            if str(broken) != told:
                tell(f"no contact with the coordinator at {options.coordinator} ({broken}); trying again")
            told = str(broken)
            time.sleep(pause)
            pause = min(LONGEST_PAUSE_SECONDS, 2 * pause)
