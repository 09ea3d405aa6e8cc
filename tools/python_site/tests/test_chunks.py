import unittest

from consilium_site import schema
from consilium_site.chunks import CHUNK_BYTES, ChunkCollector, ChunkList, sha256
from consilium_site.errors import Error, ErrorCode


def data():
    return bytes(CHUNK_BYTES) + b"x" * CHUNK_BYTES + bytes(CHUNK_BYTES) + b"end"


class Chunks(unittest.TestCase):
    def test_come_in_any_order_and_equal_ones_once(self):
        collector = ChunkCollector(ChunkList.of(data()))
        self.assertEqual(collector.missing(), [0, 1, 2, 3])
        for part in (b"end", bytes(CHUNK_BYTES)):
            collector.add(sha256(part), part)
        self.assertEqual(collector.missing(), [1])
        collector.add(sha256(b"x" * CHUNK_BYTES), b"x" * CHUNK_BYTES)
        self.assertEqual(collector.assemble(), data())

    def test_that_were_not_announced_or_differ_are_refused(self):
        collector = ChunkCollector(ChunkList.of(data()))
        for hash_, part, words in ((sha256(b"y"), b"y", "not announced"), (sha256(b"end"), b"enD", "SHA-256"), (sha256(b"end"), b"endless", "length")):
            with self.assertRaises(Error) as caught:
                collector.add(hash_, part)
            self.assertEqual(caught.exception.code, ErrorCode.CORRUPT_DATA)
            self.assertIn(words, str(caught.exception))
        with self.assertRaises(Error):
            collector.assemble()

    def test_a_manifest_is_checked(self):
        manifest = schema.message("Manifest")
        for size, hashes in ((5, []), (5, [bytes(32)] * 2), (5, [bytes(31)]), (2**64 - 1, [bytes(32)]), (11, [bytes(32)])):
            with self.assertRaises(Error):
                ChunkList.from_message(manifest(size_bytes=size, chunk_sha256=hashes, chunk_bytes=CHUNK_BYTES), 10, "model")
        for chunk_bytes in (0, 1, (1 << 20) + 1):
            with self.assertRaises(Error):
                ChunkList.from_message(manifest(chunk_bytes=chunk_bytes), 10, "model")
        self.assertEqual(ChunkList.from_message(manifest(chunk_bytes=CHUNK_BYTES), 10, "model"), ChunkList())

    def test_one_hash_at_two_places_of_different_length_is_refused(self):
        manifest = schema.message("Manifest")
        equal = [sha256(bytes(CHUNK_BYTES))] * 2
        self.assertEqual(ChunkList.from_message(manifest(size_bytes=2 * CHUNK_BYTES, chunk_sha256=equal, chunk_bytes=CHUNK_BYTES), 1 << 20, "model").hashes, equal)
        with self.assertRaises(Error):
            ChunkList.from_message(manifest(size_bytes=CHUNK_BYTES + 3, chunk_sha256=equal, chunk_bytes=CHUNK_BYTES), 1 << 20, "model")
