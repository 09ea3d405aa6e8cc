import pathlib
import tempfile
import unittest

from consilium_site.chunks import ChunkList
from consilium_site.messages import Update, offer_of
from consilium_site.trainer import RoundPlan, Validation
from consilium_site.update_file import UpdateFile


class UpdateFiles(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.file = UpdateFile(self.folder.name)
        self.plan = RoundPlan(2, 3, "ab" * 32, "{}")
        self.offer = offer_of(Update(2, "ab" * 32, Validation(0.5, 3), {"trunk": 4}), ChunkList.of(b"weights"))

    def test_are_for_their_own_round_only(self):
        self.assertIsNone(self.file.load(self.plan))
        self.file.save(self.offer, b"weights")
        self.assertEqual(self.file.load(self.plan), (self.offer, b"weights"))
        self.assertIsNone(self.file.load(RoundPlan(1, 3, "ab" * 32, "{}")))
        self.assertIsNone(self.file.load(RoundPlan(2, 3, "cd" * 32, "{}")))

    def test_after_a_kill_between_the_two_or_damage_are_not_used(self):
        self.file.save(self.offer, b"weights")
        path = pathlib.Path(self.folder.name)
        (path / "update.safetensors").write_bytes(b"newer weights")
        self.assertIsNone(self.file.load(self.plan))
        (path / "update.safetensors").unlink()
        self.assertIsNone(self.file.load(self.plan))
        (path / "update.offer").write_bytes(b"\xff" * 40)
        self.assertIsNone(self.file.load(self.plan))
