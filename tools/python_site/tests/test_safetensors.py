import json
import struct
import unittest

import numpy

from consilium_site import safetensors
from consilium_site.errors import Error, ErrorCode
from consilium_site.model_state import Tensor


def state():
    return {
        "b.bias": Tensor(numpy.array([5, 6], "<f4"), "head"),
        "a.weight": Tensor(numpy.array([[1, 2], [3, 4]], "<f4"), "trunk"),
        "c": Tensor(numpy.array(7, "<f4")),
    }


def file_with(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def f32(shape, begin, end):
    return {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}


class Safetensors(unittest.TestCase):
    def refusal(self, data, code=ErrorCode.CORRUPT_DATA):
        with self.assertRaises(Error) as caught:
            safetensors.parse(data, "model")
        self.assertEqual(caught.exception.code, code)
        self.assertTrue(str(caught.exception).startswith("model"))
        return str(caught.exception)

    def test_a_round_trip_keeps_every_bit_group_and_word(self):
        odd = state() | {"d": Tensor(numpy.array([-0.0, 1e-45, numpy.nan], "<f4"), "ü"), "e": Tensor(numpy.empty((0, 7), "<f4"))}
        found, words = safetensors.parse(safetensors.encode(odd, {"format": "pt"}), "model")
        self.assertEqual(found, odd)
        self.assertEqual(words, {"format": "pt"})
        self.assertEqual(found["e"].values.shape, (0, 7))

    def test_bytes_are_those_that_the_document_shows(self):
        two = {name: state()[name] for name in ("a.weight", "b.bias")}
        data = safetensors.encode(two)
        header = b'{"__metadata__":{"group:a.weight":"trunk","group:b.bias":"head"},"a.weight":{"data_offsets":[0,16],"dtype":"F32","shape":[2,2]},"b.bias":{"data_offsets":[16,24],"dtype":"F32","shape":[2]}}'
        self.assertEqual(data[8:].split(b"}}")[0] + b"}}", header)
        self.assertEqual((len(data) - 24) % 8, 0)
        self.assertEqual(data[-24:], struct.pack("<6f", 1, 2, 3, 4, 5, 6))

    def test_a_transposed_array_is_written_row_by_row(self):
        turned = Tensor(numpy.array([[1, 3], [2, 4]], "<f4").T)
        self.assertEqual(safetensors.encode({"a": turned})[-16:], struct.pack("<4f", 1, 2, 3, 4))

    def test_other_types_are_not_rounded_in_silence(self):
        with self.assertRaises(Error) as caught:
            Tensor(numpy.zeros(3))
        self.assertEqual(caught.exception.code, ErrorCode.UNSUPPORTED)
        bf16 = {"a": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}
        self.assertIn("BF16", self.refusal(file_with(bf16, bytes(2)), ErrorCode.UNSUPPORTED))

    def test_hostile_headers_are_refused_before_memory_is_taken(self):
        self.assertIn("promises", self.refusal(file_with(b"{}", length=2**64 - 1)))
        self.assertIn("too large", self.refusal(file_with({"a": f32([2**31 - 1] * 3, 0, 24)}, bytes(24))))
        self.assertIn("too large", self.refusal(file_with({"a": f32([2**63], 0, 4)}, bytes(4))))
        self.assertIn("whole number", self.refusal(file_with({"a": f32([True], 0, 4)}, bytes(4))))
        self.assertIn("whole number", self.refusal(file_with({"a": f32([-1], 0, 4)}, bytes(4))))
        self.assertIn("16 sizes", self.refusal(file_with({"a": f32([1] * 17, 0, 4)}, bytes(4))))
        self.assertIn("take", self.refusal(file_with({"a": f32([2**20], 0, 2**22)}, bytes(8))))
        self.assertIn("does not begin", self.refusal(file_with({"a": f32([2], 0, 8), "b": f32([2], 4, 12)}, bytes(12))))
        self.assertIn("another number", self.refusal(file_with({"a": f32([2], 8, 0)}, bytes(8))))
        self.assertIn("JSON", self.refusal(file_with(b'{"a":' + b"[" * 100000)))
        self.assertIn("nested", self.refusal(file_with(b'{"a":' + b"[" * 70 + b"]" * 70 + b"}")))
        self.assertIn("JSON", self.refusal(file_with(b'{"a": ' + b"9" * 5000 + b"}")))
        self.assertIn("JSON", self.refusal(file_with(b'{"\\ud800": null}')))
        self.assertIn("JSON", self.refusal(file_with(b'{"a":1,"a":2}')))


class Digest(unittest.TestCase):
    def test_is_the_one_of_the_document(self):
        two = {name: state()[name] for name in ("b.bias", "a.weight")}  # in any order
        self.assertEqual(safetensors.digest(two), "fe330e43add06a87830b0010bd14f1da1d4f098599b9deff1c72bfbbb51e3141")

    def test_tells_apart_what_differs_in_one_bit_of_sign(self):
        self.assertNotEqual(safetensors.digest({"a": Tensor(numpy.array([0.0], "<f4"))}), safetensors.digest({"a": Tensor(numpy.array([-0.0], "<f4"))}))

