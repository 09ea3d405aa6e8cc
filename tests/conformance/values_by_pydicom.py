"""Values of DICOM files after their Modality LUT or palette, as pydicom applies them: a JSON list of lists on standard output.

usage: values_by_pydicom.py FILE...
"""
import json
import sys

import pydicom
from pydicom.pixel_data_handlers.util import apply_color_lut, apply_modality_lut


def values(path):
    data = pydicom.dcmread(path)
    if data.PhotometricInterpretation == "PALETTE COLOR":
        bits = data.RedPaletteColorLookupTableDescriptor[2]
        return (apply_color_lut(data.pixel_array, data) >> (bits - 8)).flatten().tolist()
    return apply_modality_lut(data.pixel_array, data).flatten().tolist()


print(json.dumps([values(path) for path in sys.argv[1:]]))
