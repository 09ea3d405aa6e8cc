"""Files as chunks, each named by its SHA-256."""
import hashlib
from dataclasses import dataclass, field

from .errors import ErrorCode, require

CHUNK_BYTES = 256 << 10  # what we cut into; others may take 64 KiB to 1 MiB
FEWEST_CHUNK_BYTES, MOST_CHUNK_BYTES = 64 << 10, 1 << 20


def sha256(data):
    return hashlib.sha256(data).digest()


@dataclass
class ChunkList:
    """A file as its length and the hashes of its chunks."""

    size_bytes: int = 0
    hashes: list = field(default_factory=list)
    chunk_bytes: int = CHUNK_BYTES

    @classmethod
    def of(cls, data):
        view = memoryview(data)
        return cls(len(data), [sha256(view[at : at + CHUNK_BYTES]) for at in range(0, len(data), CHUNK_BYTES)])

    def digest(self):
        """Names the file; of a model's file it is the model's digest (docs/wire_format.md, "Digest of a model")."""
        return sha256(f"{self.size_bytes} {self.chunk_bytes} ".encode() + b"".join(self.hashes)).hex()

    @classmethod
    def from_message(cls, manifest, limit_bytes, origin):
        require(manifest.size_bytes <= limit_bytes, ErrorCode.CORRUPT_DATA, f"{origin}: announces {manifest.size_bytes} bytes, more than the {limit_bytes} that are allowed")
        require(FEWEST_CHUNK_BYTES <= manifest.chunk_bytes <= MOST_CHUNK_BYTES, ErrorCode.CORRUPT_DATA, f"{origin}: chunks of {manifest.chunk_bytes} bytes; 64 KiB to 1 MiB are spoken")
        chunks = -(-manifest.size_bytes // manifest.chunk_bytes)
        found = len(manifest.chunk_sha256)
        require(found == chunks, ErrorCode.CORRUPT_DATA, f"{origin}: {manifest.size_bytes} bytes take {chunks} chunks, not {found}")
        require(all(len(hash_) == 32 for hash_ in manifest.chunk_sha256), ErrorCode.CORRUPT_DATA, f"{origin}: a chunk's SHA-256 is not 32 bytes long")
        last_bytes = manifest.size_bytes % manifest.chunk_bytes
        require(not last_bytes or manifest.chunk_sha256[-1] not in manifest.chunk_sha256[:-1], ErrorCode.CORRUPT_DATA, f"{origin}: one hash stands for a full chunk and for the last, shorter one")
        return cls(manifest.size_bytes, list(manifest.chunk_sha256), manifest.chunk_bytes)

    def to_message(self, manifest):
        manifest.size_bytes = self.size_bytes
        manifest.chunk_bytes = self.chunk_bytes
        del manifest.chunk_sha256[:]
        manifest.chunk_sha256.extend(self.hashes)


class ChunkCollector:
    """Collects the chunks of one list, in any order, over several connections. Memory is taken only for chunks that came."""

    def __init__(self, chunks):
        self.chunks = chunks
        self._sizes = {}
        for number, hash_ in enumerate(chunks.hashes):
            self._sizes.setdefault(hash_, min(chunks.chunk_bytes, chunks.size_bytes - number * chunks.chunk_bytes))
        self._data = {}

    def missing(self):
        return [number for number, hash_ in enumerate(self.chunks.hashes) if hash_ not in self._data]

    def add(self, hash_, data):
        require(hash_ in self._sizes, ErrorCode.CORRUPT_DATA, "a chunk that was not announced")
        require(len(data) == self._sizes[hash_], ErrorCode.CORRUPT_DATA, f"a chunk of {len(data)} bytes: not the announced length")
        require(sha256(data) == hash_, ErrorCode.CORRUPT_DATA, "a chunk whose bytes do not have the announced SHA-256")
        self._data[hash_] = data

    def assemble(self):
        require(not self.missing(), ErrorCode.MISMATCH, "chunks are missing")
        return b"".join(self._data[hash_] for hash_ in self.chunks.hashes)
