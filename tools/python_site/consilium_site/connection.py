"""One connection to the coordinator: the five calls, and the thread that hears its announcements."""
import os
import threading

import grpc

from . import schema
from .chunks import CHUNK_BYTES
from .errors import Error, ErrorCode, require
from .messages import announced_of, receipt_of

OPTIONS = [
    # Below the 5 s between pings that the coordinator puts up with it would hang up.
    ("grpc.keepalive_time_ms", 20000),
    ("grpc.keepalive_timeout_ms", 10000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", 64 << 20),
]


INSTANCE = os.urandom(16)  # of this process: the coordinator tells it from another one with the same certificate


class Broken(Exception):
    """A call failed for a reason that may pass: dial again."""


def _fail(error, what):
    code, words = error.code(), error.details()
    if code == grpc.StatusCode.PERMISSION_DENIED:
        raise Error(ErrorCode.REFUSED, f"the coordinator refuses: {words}") from error
    if code == grpc.StatusCode.INVALID_ARGUMENT:
        raise Error(ErrorCode.CORRUPT_DATA, f"the coordinator refuses: {words}") from error
    raise Broken(f"{what}: {words}") from error


class Connection:
    def __init__(self, address, pems):
        credentials = grpc.ssl_channel_credentials(pems.authority, pems.key, pems.certificate)
        self._channel = grpc.secure_channel(address, credentials, OPTIONS)
        self._changed = threading.Condition()
        self._newest, self._version, self._ended = None, 0, None
        self._seen = 0
        watch = self._call("unary_stream", "Watch", "WatchRequest", "Announcement")
        self._stream = watch(schema.message("WatchRequest")(protocol_version=schema.PROTOCOL_VERSION, instance=INSTANCE))
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stream.cancel()
        self._channel.close()
        self._thread.join()

    def next_announcement(self):
        """The newest one, when it is newer than what was returned before. Raises Broken when the stream has ended."""
        with self._changed:
            while self._version == self._seen:
                if self._ended is not None:
                    if self._ended.code() == grpc.StatusCode.FAILED_PRECONDITION:
                        raise Error(ErrorCode.MISMATCH, f"the coordinator refuses: {self._ended.details()}")
                    _fail(self._ended, "connection")
                self._changed.wait(0.2)  # signals are heard between waits
            self._seen = self._version
            return announced_of(self._newest)

    def fetch_model(self, digest, first_chunk, add):
        """Calls add(sha256, data) for every chunk that comes."""
        call = self._call("unary_stream", "FetchModel", "FetchModelRequest", "Chunk")
        try:
            for chunk in call(schema.message("FetchModelRequest")(digest=digest, first_chunk=first_chunk)):
                add(chunk.sha256, chunk.data)
        except grpc.RpcError as error:
            _fail(error, "fetching the model")

    def send_update(self, offer, delta):
        """Offers, sends what is missing, commits: (word of the receipt, reason)."""
        hashes = list(offer.delta.chunk_sha256)

        def chunks(numbers):
            # Equal chunks stand at several places: one of them is enough.
            for number in {hashes[number]: number for number in reversed(numbers)}.values():
                yield schema.message("Chunk")(sha256=hashes[number], data=delta[number * CHUNK_BYTES : (number + 1) * CHUNK_BYTES])

        try:
            what = "offering the update"
            missing = self._call("unary_unary", "OfferUpdate", "UpdateOffer", "MissingChunks")(offer).index
            require(all(number < len(hashes) for number in missing), ErrorCode.CORRUPT_DATA, "the coordinator asks for a chunk that there is not")
            if missing:
                what = "sending the update"
                self._call("stream_unary", "SendChunks", "Chunk", "SendChunksResponse")(chunks(missing))
            what = "committing the update"
            return receipt_of(self._call("unary_unary", "CommitUpdate", "CommitUpdateRequest", "Receipt")(schema.message("CommitUpdateRequest")()))
        except grpc.RpcError as error:
            _fail(error, what)

    def _call(self, shape, name, request, response):
        return getattr(self._channel, shape)(
            f"/{schema.SERVICE}/{name}", request_serializer=schema.message(request).SerializeToString, response_deserializer=schema.message(response).FromString)

    def _listen(self):
        ended = None
        try:
            for announcement in self._stream:
                with self._changed:
                    self._newest = announcement
                    self._version += 1
                    self._changed.notify_all()
            ended = self._stream  # an end without an error: the coordinator leaves
        except grpc.RpcError as error:
            ended = error
        with self._changed:
            self._ended = ended
            self._changed.notify_all()
