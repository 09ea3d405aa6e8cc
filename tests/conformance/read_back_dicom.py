"""Reads DICOM series as pydicom, and as dcm2niix with nibabel, understand them: a JSON list on standard output.

usage: read_back_dicom.py (SERIES_FOLDER NIFTI_OF_THE_SAME_VOLUME)...
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

import nibabel
import numpy
import pydicom


def by_pydicom(folder):
    slices = [pydicom.dcmread(os.path.join(folder, name)) for name in sorted(os.listdir(folder))]
    first = slices[0]
    normal = numpy.cross(first.ImageOrientationPatient[:3], first.ImageOrientationPatient[3:])
    heights = [float(numpy.dot(normal, s.ImagePositionPatient)) for s in slices]
    values = {}
    for element in first:
        if element.VR != "SQ" and element.keyword != "PixelData":
            value = element.value
            values[element.keyword] = [str(v) for v in value] if isinstance(value, pydicom.multival.MultiValue) else str(value)
    constant = ["StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "PatientID", "Modality", "Rows", "Columns", "PixelSpacing"]
    return {
        "attributes": values,
        "slices": len(slices),
        "ascending": bool(heights[-1] > heights[0]),
        "instances": len({s.SOPInstanceUID for s in slices}),
        "constant": all(len({str(s.get(name)) for s in slices}) == 1 for name in constant),
        "numbered": [int(s.InstanceNumber) for s in slices] == list(range(1, len(slices) + 1)),
    }


def by_dcm2niix(folder, ours):
    with tempfile.TemporaryDirectory() as out:
        subprocess.run(["dcm2niix", "-b", "n", "-o", out, folder], check=True, capture_output=True)
        files = glob.glob(out + "/*.nii")
        if len(files) != 1:
            return {"files": len(files)}
        theirs = nibabel.as_closest_canonical(nibabel.load(files[0]))
        reference = nibabel.as_closest_canonical(nibabel.load(ours))
        same = theirs.shape == reference.shape
        # MR numbers have no unit: the writer brings an image of a very small range to 12 bits.
        largest = reference.get_fdata().max()
        modality = pydicom.dcmread(os.path.join(folder, os.listdir(folder)[0]), stop_before_pixels=True).Modality
        step = largest / 4095 if modality == "MR" and largest < 256 else 1
        difference = numpy.abs(theirs.get_fdata() - reference.get_fdata() / step).max() if same else -1
        return {
            "files": 1,
            "same_shape": same,
            "voxel_difference": float(difference),
            "largest": float(largest),
            "affine_difference": float(numpy.abs(theirs.affine - reference.affine).max()),
        }


pairs = zip(sys.argv[1::2], sys.argv[2::2])
print(json.dumps([{"pydicom": by_pydicom(folder), "dcm2niix": by_dcm2niix(folder, ours)} for folder, ours in pairs]))
