#!/usr/bin/python3
"""nifti.py read FILE | write FILE OUT: seconds that nibabel takes, median of three, on standard output."""
import statistics
import sys
import time

import nibabel
import numpy

nibabel.openers.Opener.default_compresslevel = 6


def read(path):
    return numpy.asarray(nibabel.load(path).dataobj, dtype=numpy.float32)


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if sys.argv[1] == "read":
    seconds = [timed(lambda: read(sys.argv[2]).sum()) for _ in range(3)]
else:
    image = nibabel.Nifti1Image(read(sys.argv[2]), numpy.eye(4))
    seconds = [timed(lambda: nibabel.save(image, sys.argv[3])) for _ in range(3)]
print(statistics.median(seconds))
