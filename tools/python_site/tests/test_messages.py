import os
import random
import unittest

from google.protobuf.message import DecodeError

from consilium_site import schema
from consilium_site.chunks import ChunkList
from consilium_site.errors import Error, ErrorCode
from consilium_site.messages import Update, announced_of, offer_of, receipt_of
from consilium_site.trainer import Validation


def announcement(**more):
    message = schema.message("Announcement")(round=1, rounds=3, base_digest="ab" * 32, task='{"steps":1}', federation="cd" * 16)
    ChunkList.of(b"hello").to_message(message.model)
    for key, value in more.items():
        setattr(message, key, value)
    return message


class Messages(unittest.TestCase):
    def test_an_announcement_is_read(self):
        found = announced_of(announcement(finished=True, best_round=2))
        self.assertEqual((found.plan.round, found.plan.rounds, found.plan.task, found.finished, found.best_round), (1, 3, {"steps": 1}, True, 2))
        self.assertEqual(found.model, ChunkList.of(b"hello"))
        self.assertTrue(announced_of(announcement(round=3)).plan.is_last_look)

    def test_an_announcement_out_of_bounds_is_refused(self):
        for more in ({"round": 5}, {"round": -1}, {"rounds": 0}, {"rounds": 2**62}, {"best_round": 4}, {"base_digest": "AB" * 32}, {"base_digest": "ab" * 32 + "\n"}, {"federation": ""},
                     {"task": "[]"}, {"task": "{"}, {"task": '"' + "x" * (1 << 20) + '"'}):
            with self.subTest(more), self.assertRaises(Error) as caught:
                announced_of(announcement(**more))
            self.assertEqual(caught.exception.code, ErrorCode.CORRUPT_DATA)

    def test_mutated_announcements_give_values_or_errors_and_nothing_else(self):
        # protobuf prints a line for every text that is not UTF-8.
        kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        self.addCleanup(lambda: (os.dup2(kept, 2), os.close(kept), os.close(nothing)))
        os.dup2(nothing, 2)
        rng, sound = random.Random(1), announcement().SerializeToString()
        for _ in range(20000):
            data = bytearray(sound)
            for _ in range(rng.randint(1, 4)):
                data[rng.randrange(len(data))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
            try:
                announced_of(schema.message("Announcement").FromString(bytes(data[: rng.choice((len(data), rng.randrange(len(data))))])))
            except (Error, DecodeError):
                pass

    def test_an_offer_says_what_the_coordinator_asks(self):
        update = Update(2, "ab" * 32, Validation(0.5, 3), {"trunk": 4}, {"loss": 0.25})
        offer = schema.message("UpdateOffer").FromString(offer_of(update, ChunkList.of(b"hello")).SerializeToString())
        self.assertEqual((offer.round, offer.validation_score, offer.validation_cases, dict(offer.cases_per_group), dict(offer.metrics)), (2, 0.5, 3, {"trunk": 4}, {"loss": 0.25}))
        for bad in ({"metrics": {"loss": float("nan")}}, {"metrics": {"": 1.0}}, {"cases_per_group": {"x" * 300: 1}}, {"metrics": {str(n): 0.0 for n in range(5000)}}):
            with self.assertRaises(Error):
                offer_of(Update(2, "ab" * 32, Validation(), **bad), ChunkList())

    def test_a_receipt_of_an_unknown_kind_is_refused(self):
        receipt = schema.message("Receipt")
        self.assertEqual(receipt_of(receipt(kind=4, reason="because")), ("rejected", "because"))
        for kind in (0, 99):
            with self.assertRaises(Error):
                receipt_of(receipt(kind=kind))
