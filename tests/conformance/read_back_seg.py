"""What pydicom reads of DICOM segmentations, and which coded terms its copy of PS3.16 has: JSON on standard output.

usage: read_back_seg.py frames SEG_FILE
       read_back_seg.py terms VALUE|SCHEME|MEANING...
"""
import hashlib
import json
import sys

import numpy
import pydicom
from pydicom.sr._concepts_dict import concepts


def frames(file):
    data = pydicom.dcmread(file)
    pixels = data.pixel_array.reshape(-1, data.Rows, data.Columns)
    known = {s.SOPInstanceUID if "SOPInstanceUID" in s else s.ReferencedSOPInstanceUID
             for series in data.ReferencedSeriesSequence for s in series.ReferencedInstanceSequence}
    result = []
    for plane, groups in zip(pixels, data.PerFrameFunctionalGroupsSequence):
        source = groups.DerivationImageSequence[0].SourceImageSequence[0]
        segment = groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber if "SegmentIdentificationSequence" in groups else 0
        result.append({
            "segment": int(segment),
            "position": [float(x) for x in groups.PlanePositionSequence[0].ImagePositionPatient],
            "source": str(source.ReferencedSOPInstanceUID),
            "is_listed": source.ReferencedSOPInstanceUID in known,
            "sha256": hashlib.sha256(plane.astype(numpy.uint8).tobytes()).hexdigest(),
        })
    segments = [[int(s.SegmentNumber), s.SegmentLabel, s.SegmentedPropertyTypeCodeSequence[0].CodeValue] for s in data.SegmentSequence]
    return {"frames": result, "segments": segments, "patient": str(data.PatientID), "study": str(data.StudyInstanceUID)}


def unknown_terms(terms):
    """Terms that PS3.16 does not have, or has with another meaning."""
    unknown = []
    for term in terms:
        value, scheme, meaning = term.split("|")
        found = [text for codes in concepts[scheme].values() for code, (text, _) in codes.items() if code == value]
        if meaning.lower() not in [text.lower() for text in found]:
            unknown.append(term)
    return unknown


if __name__ == "__main__":
    print(json.dumps(frames(sys.argv[2]) if sys.argv[1] == "frames" else unknown_terms(sys.argv[2:])))
