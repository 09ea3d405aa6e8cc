#!/usr/bin/python3
"""What nibabel reads from the files named: JSON {file name: {shape, dtype, affine, mean, min, max} or {error}}. Means are over finite voxels."""
import json
import pathlib
import sys

import nibabel
import numpy


def summary(path):
    image = nibabel.load(path)
    values = numpy.asarray(image.dataobj, dtype=numpy.float64)
    finite = values[numpy.isfinite(values)]
    # CIFTI keeps its NIfTI header, and with it the affine, aside.
    affine = image.affine if hasattr(image, "affine") else image.nifti_header.get_best_affine()
    figures = [float(f(finite)) for f in (numpy.mean, numpy.min, numpy.max)] if finite.size else [None] * 3
    return {"size": int(values.size), "finite": int(finite.size), "dtype": image.get_data_dtype().name, "affine": affine.tolist(), "mean": figures[0], "min": figures[1], "max": figures[2]}


result = {}
for name in sys.argv[1:]:
    try:
        result[pathlib.Path(name).name] = summary(name)
    except Exception as error:  # whatever a library throws: the answer is that it does not read the file
        result[pathlib.Path(name).name] = {"error": str(error)}
print(json.dumps(result))
