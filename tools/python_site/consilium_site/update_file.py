"""The last finished update on disk, so that a killed site sends it and does not compute it again.

The files and their content are those of the C++ site: update.offer (an UpdateOffer) and update.safetensors (the weights).
"""
import pathlib

from google.protobuf.message import DecodeError

from . import schema
from .chunks import ChunkList
from .errors import Error
from .files import read_file, write_file


class UpdateFile:
    def __init__(self, folder):
        self._offer = pathlib.Path(folder) / "update.offer"
        self._delta = pathlib.Path(folder) / "update.safetensors"

    def load(self, plan):
        """(offer, bytes of the delta) of this round, or None."""
        try:
            offer = schema.message("UpdateOffer").FromString(read_file(self._offer, 64 << 20))
            if (offer.round, offer.base_digest) != (plan.round, plan.base_digest):
                return None
            delta = read_file(self._delta) if offer.delta.size_bytes > 0 else b""
        except (Error, DecodeError):  # absent or damaged: the round is trained again
            return None
        found = ChunkList.of(delta)
        if (found.size_bytes, found.hashes) != (offer.delta.size_bytes, list(offer.delta.chunk_sha256)):
            return None  # a kill between the two files
        return offer, delta

    def save(self, offer, delta):
        # The offer goes last: it vouches for the weights.
        if delta:
            write_file(self._delta, delta)
        write_file(self._offer, offer.SerializeToString(deterministic=True))
