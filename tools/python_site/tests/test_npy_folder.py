import json
import os
import pathlib
import pickle
import tempfile
import unittest

import numpy

from consilium_site import npy_folder
from consilium_site.errors import Error, ErrorCode
from consilium_site.model_state import Tensor


class NpyFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.state = {"a.weight": Tensor(numpy.arange(6, dtype="<f4").reshape(2, 3), "trunk"), "first/a": Tensor(numpy.array(7, "<f4")), "..": Tensor(numpy.empty((0, 2), "<f4"), "head")}

    def test_keeps_names_that_are_no_file_names(self):
        npy_folder.write(self.folder / "w", self.state, {"format": "pt"})
        self.assertEqual(npy_folder.read(self.folder / "w"), (self.state, {"format": "pt"}))
        self.assertEqual(sorted(os.listdir(self.folder / "w")), ["a.weight.npy", "tensor_0.npy", "tensor_2.npy", "weights.json"])

    def refused(self, code, **more):
        json_ = {"schema": "consilium.weights/1", "metadata": {}, "tensors": [{"name": "a", "group": "", "file": "a.npy"}]} | more
        (self.folder / "weights.json").write_text(json.dumps(json_))
        with self.assertRaises(Error) as caught:
            npy_folder.read(self.folder)
        self.assertEqual(caught.exception.code, code)

    def test_what_is_no_folder_of_weights_is_refused(self):
        self.refused(ErrorCode.NOT_FOUND)
        self.refused(ErrorCode.CORRUPT_DATA, schema="other")
        self.refused(ErrorCode.CORRUPT_DATA, tensors=[{"name": "a", "group": "", "file": "../a.npy"}])
        for data in (b"", b"\x93NUMPY", pickle.dumps([1])):
            (self.folder / "a.npy").write_bytes(data)
            self.refused(ErrorCode.CORRUPT_DATA)
        numpy.save(self.folder / "a.npy", numpy.zeros(3))
        self.refused(ErrorCode.UNSUPPORTED)
