#!/usr/bin/python3
"""Writes the seed inputs of tests/fuzz/corpus: sound ones and hostile ones, small and all made here.

  /usr/bin/python3 tests/fuzz/make_corpus.py      (needs python3-pydicom, protoc and openssl)

Certificates are not written again when they are there: their keys are random. Inputs that a fuzzer found lie beside them as found_*.
"""
import copy
import gzip
import hashlib
import json
import pathlib
import struct
import subprocess
import tempfile

import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def put(kind, name, data):
    folder = HERE / "corpus" / kind
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())


# NIfTI -------------------------------------------------------------------------------------------------------------------------

def nifti1(dim=(3, 2, 3, 2, 1, 1, 1, 1), datatype=16, bitpix=32, order="<", magic=b"n+1\0", vox_offset=352.0, slope=1.0, inter=0.0, codes=(1, 1),
           pixdim=(1, 1, 1.2, 3, 1, 1, 1, 1), quatern=(0, 0, 0.17364818), sform=((1, 0, 0, -1), (0, 1.2, 0, -2), (0, 0, 3, -3)), voxels=None, units=2):
    h = bytearray(352)
    struct.pack_into(order + "i", h, 0, 348)
    struct.pack_into(order + "8h", h, 40, *dim)
    struct.pack_into(order + "2h", h, 70, datatype, bitpix)
    struct.pack_into(order + "8f", h, 76, *pixdim)
    struct.pack_into(order + "3f", h, 108, vox_offset, slope, inter)
    h[123] = units
    struct.pack_into(order + "2h", h, 252, *codes)
    struct.pack_into(order + "6f", h, 256, *quatern, -90, -126, -72)
    for row in range(3):
        struct.pack_into(order + "4f", h, 280 + 16 * row, *sform[row])
    h[344:348] = magic
    if voxels is None:
        voxels = struct.pack(order + "12f", *range(12))
    return bytes(h) + voxels


def nifti2(dim=(3, 2, 3, 2, 1, 1, 1, 1), datatype=4, vox_offset=544, voxels=bytes(24), codes=(0, 2)):
    h = bytearray(544)
    struct.pack_into("<i8s2h8q", h, 0, 540, b"n+2\0\r\n\x1a\n", datatype, 16, *dim)
    struct.pack_into("<8d", h, 104, 1, 1, 1, 1, 1, 1, 1, 1)
    struct.pack_into("<q2d", h, 168, vox_offset, 1.0, 0.0)
    struct.pack_into("<2i", h, 344, *codes)
    for row in range(3):
        struct.pack_into("<4d", h, 400 + 32 * row, *[1.0 if c == row else 0.0 for c in range(4)])
    struct.pack_into("<i", h, 500, 2)
    return bytes(h) + voxels


def write_nifti():
    sound = nifti1()
    many = {
        "float32.nii": sound,
        "big_endian.nii": nifti1(order=">"),
        "labels_uint8.nii": nifti1(datatype=2, bitpix=8, voxels=bytes([0, 1, 2, 3] * 3)),
        "scaled_int16.nii": nifti1(datatype=4, bitpix=16, slope=0.5, inter=-3.0, voxels=struct.pack("<12h", *range(-6, 6))),
        "float64_nan.nii": nifti1(datatype=64, bitpix=64, voxels=struct.pack("<12d", *([float("nan"), float("inf"), 1e300] * 4))),
        "int64_edge.nii": nifti1(datatype=1024, bitpix=64, voxels=struct.pack("<12q", *([-2**63, 2**63 - 1, 0] * 4))),
        "qform_only.nii": nifti1(codes=(1, 0)),
        "no_form.nii": nifti1(codes=(0, 0)),
        "quaternion_too_long.nii": nifti1(codes=(1, 0), quatern=(2, 3, 4)),
        "quaternion_nan.nii": nifti1(codes=(1, 0), quatern=(float("nan"), 0, 0)),
        "sform_zero.nii": nifti1(sform=((0,) * 4,) * 3),
        "sform_huge.nii": nifti1(sform=((3e38, 3e38, 0, 3e38), (0, 3e38, 0, 0), (0, 0, 3e38, 0))),
        "sform_tiny.nii": nifti1(sform=((1e-45, 0, 0, 0), (0, 1e-45, 0, 0), (0, 0, 1e-45, 0)), units=3),
        "sform_shear.nii": nifti1(sform=((1, 0.5, 0, 0), (0, 1, 0.5, 0), (0, 0, 1, 0))),
        "spacing_zero_negative_nan.nii": nifti1(codes=(1, 0), pixdim=(-1, 0, -2, float("nan"), 1, 1, 1, 1)),
        "negative_dim.nii": nifti1(dim=(3, -2, 3, 2, 1, 1, 1, 1)),
        "zero_dim.nii": nifti1(dim=(3, 0, 3, 2, 1, 1, 1, 1)),
        "dim0_is_0.nii": nifti1(dim=(0, 2, 3, 2, 1, 1, 1, 1)),
        "dim0_is_9.nii": nifti1(dim=(9, 2, 3, 2, 1, 1, 1, 1)),
        "overflowing_product.nii": nifti1(dim=(7,) + (32767,) * 7),
        "four_gigavoxels.nii.gz": gzip.compress(nifti1(dim=(3, 2048, 2048, 1024, 1, 1, 1, 1)), mtime=0),
        "four_d.nii": nifti1(dim=(4, 2, 3, 1, 2, 1, 1, 1)),
        "one_d.nii": nifti1(dim=(1, 12, 1, 1, 1, 1, 1, 1)),
        "offset_nan.nii": nifti1(vox_offset=float("nan")),
        "offset_negative.nii": nifti1(vox_offset=-352.0),
        "offset_huge.nii": nifti1(vox_offset=3e38),
        "offset_huge.nii.gz": gzip.compress(nifti1(vox_offset=8e15), mtime=0),
        "offset_in_header.nii": nifti1(vox_offset=8.0),
        "slope_inf.nii": nifti1(slope=float("inf")),
        "inter_nan.nii": nifti1(slope=2.0, inter=float("nan")),
        "datatype_complex.nii": nifti1(datatype=32, bitpix=64),
        "pair_without_voxels.hdr": nifti1(magic=b"ni1\0", vox_offset=0)[:348],
        "magic_wrong.nii": nifti1(magic=b"nope"),
        "cut_in_voxels.nii": sound[:-5],
        "cut_in_header.nii": sound[:300],
        "empty.nii": b"",
        "sound.nii.gz": gzip.compress(sound, mtime=0),
        "cut.nii.gz": gzip.compress(sound, mtime=0)[:-20],
        "bomb.nii.gz": gzip.compress(nifti1(dim=(3, 64, 64, 64, 1, 1, 1, 1), datatype=2, bitpix=8, voxels=bytes(1 << 18)), mtime=0),
        "two_members.nii.gz": gzip.compress(sound[:360], mtime=0) + gzip.compress(sound[360:], mtime=0),
        "gzip_name_only.nii.gz": b"\x1f\x8b",
        "version2.nii": nifti2(),
        "version2_negative.nii": nifti2(dim=(3, -1, 3, 2, 1, 1, 1, 1)),
        "version2_overflow.nii": nifti2(dim=(3, 2**32, 2**32, 2, 1, 1, 1, 1)),
        "version2_largest.nii": nifti2(dim=(3, 2**62, 1, 1, 1, 1, 1, 1)),
        "version2_offset_min.nii": nifti2(vox_offset=-2**63),
    }
    for name, data in many.items():
        put("nifti", name, data)


# DICOM -------------------------------------------------------------------------------------------------------------------------

def dataset():
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    meta.MediaStorageSOPInstanceUID = "2.25.1"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    d = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    d.SOPClassUID, d.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    d.StudyInstanceUID, d.SeriesInstanceUID = "2.25.2", "2.25.3"
    d.Modality, d.SeriesDescription, d.SeriesNumber, d.InstanceNumber = "MR", "t1 synthetic", 1, 1
    d.ImageType = ["ORIGINAL", "PRIMARY", "M"]
    d.ScanningSequence, d.RepetitionTime, d.EchoTime, d.FlipAngle = "GR", "7.5", "2.9", "12"
    d.ImagePositionPatient, d.ImageOrientationPatient, d.PixelSpacing = ["-1.5", "-2", "3.25"], ["1", "0", "0", "0", "1", "0"], ["0.9", "1.1"]
    d.SliceThickness = "2"
    d.Rows, d.Columns, d.SamplesPerPixel, d.PhotometricInterpretation = 4, 6, 1, "MONOCHROME2"
    d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 16, 12, 11, 0
    d.RescaleSlope, d.RescaleIntercept = "2", "-10"
    d.PixelData = struct.pack("<24H", *range(24))
    return d


def dicom(d, syntax=ExplicitVRLittleEndian):
    d = copy.deepcopy(d)
    d.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian if syntax == RLELossless else syntax
    d.is_little_endian = syntax != ExplicitVRBigEndian
    d.is_implicit_VR = syntax == ImplicitVRLittleEndian
    if syntax == ExplicitVRBigEndian:
        d.PixelData = struct.pack(">24H", *range(24))
    if syntax == RLELossless:
        d.compress(RLELossless)
    with tempfile.NamedTemporaryFile(suffix=".dcm") as file:
        d.save_as(file.name, write_like_original=False)
        return pathlib.Path(file.name).read_bytes()


def changed(**values):
    d = dataset()
    for key, value in values.items():
        setattr(d, key, value)
    return d


def write_dicom():
    pydicom.config.settings.writing_validation_mode = pydicom.config.IGNORE
    sound = dicom(dataset())
    put("dicom", "explicit.dcm", sound)
    for name, syntax in (("implicit", ImplicitVRLittleEndian), ("big_endian", ExplicitVRBigEndian), ("deflated", DeflatedExplicitVRLittleEndian), ("rle", RLELossless)):
        put("dicom", name + ".dcm", dicom(dataset(), syntax))
    put("dicom", "jpeg2000_claimed.dcm", sound.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.4.90\0"[:20]))
    put("dicom", "without_preamble.dcm", sound[132:])
    put("dicom", "without_meta.dcm", dicom(dataset(), ImplicitVRLittleEndian)[sound.find(b"1.2.840.10008.1.2") + 16:])
    put("dicom", "cut_in_pixels.dcm", sound[:-17])
    put("dicom", "cut_in_header.dcm", sound[:300])
    put("dicom", "empty.dcm", b"")
    put("dicom", "preamble_only.dcm", b"\0" * 128 + b"DICM")
    pixels = sound.find(struct.pack("<2H", 0x7FE0, 0x0010))
    put("dicom", "pixel_length_huge.dcm", sound[:pixels + 8] + struct.pack("<I", 0xFFFFFFF0) + sound[pixels + 12:])
    put("dicom", "pixel_length_undefined.dcm", sound[:pixels + 8] + struct.pack("<I", 0xFFFFFFFF) + sound[pixels + 12:])
    put("dicom", "sequence_nested.dcm", sound[:pixels] + (struct.pack("<2H2sHI", 0x0088, 0x0200, b"SQ", 0, 0xFFFFFFFF) + struct.pack("<2HI", 0xFFFE, 0xE000, 0xFFFFFFFF)) * 200)
    private = struct.pack("<2H2sHI", 0x0009, 0x1001, b"OB", 0, 0x7FFFFFFE)
    at = sound.find(struct.pack("<2H", 0x0010, 0x0010))
    at = at if at > 0 else sound.find(struct.pack("<2H", 0x0018, 0x0020))
    put("dicom", "private_length_huge.dcm", sound[:at] + private + sound[at:])
    put("dicom", "spacing_words.dcm", sound.replace(b"0.9\\1.1 ", b"x\\1e9999"))
    odd = {
        "rows_65535": dict(Rows=65535, Columns=65535), "rows_0": dict(Rows=0), "frames_huge": dict(NumberOfFrames="2147483647"), "frames_negative": dict(NumberOfFrames="-5"),
        "samples_3": dict(SamplesPerPixel=3), "bits_64": dict(BitsAllocated=64, BitsStored=64, HighBit=63), "bits_1": dict(BitsAllocated=1, BitsStored=1, HighBit=0),
        "bits_stored_over": dict(BitsStored=20, HighBit=19), "high_bit_over": dict(HighBit=200), "spacing_zero": dict(PixelSpacing=["0", "0"]),
        "spacing_tiny": dict(PixelSpacing=["1e-300", "1e300"]), "orientation_zero": dict(ImageOrientationPatient=["0"] * 6), "orientation_nan": dict(ImageOrientationPatient=["nan"] * 6),
        "position_inf": dict(ImagePositionPatient=["inf", "0", "0"]), "position_short": dict(ImagePositionPatient=["1", "2"]), "slope_nan": dict(RescaleSlope="nan"),
        "slope_zero": dict(RescaleSlope="0"), "signed": dict(PixelRepresentation=1), "palette": dict(PhotometricInterpretation="PALETTE COLOR"), "description_bytes": dict(SeriesDescription="\xff\x1b[31m\0x"),
        "ct": dict(SOPClassUID="1.2.840.10008.5.1.4.1.1.2", Modality="CT"), "pet": dict(SOPClassUID="1.2.840.10008.5.1.4.1.1.128", Modality="PT", Units="BQML"),
    }
    for name, values in odd.items():
        put("dicom", name + ".dcm", dicom(changed(**values)))


# JSON --------------------------------------------------------------------------------------------------------------------------

def write_settings():
    training = {"target": "brats_regions", "normalise": {"channels": ["T1", "FLAIR"], "spacing_mm": [2, 2, 2]}, "model": {"filters": [8, 16, 32]},
                "fit": {"patch": [16, 16, 16], "batch": 2, "optimiser": {"kind": "adamw", "learning_rate": 0.001}}, "steps": 12, "rounds": 3, "seed": 7}
    simulation = {"schema": "consilium.simulation/1", "title": "t", "sites": [{"name": "a"}, {"name": "b", "scheme": "brats2021"}], "training": training, "folds": 2, "notes": ["n"]}
    coordinator = {"schema": "consilium.coordinator/1", "listen": "127.0.0.1:0", "keys": "keys", "initial_model": "m.safetensors", "folder": "out", "sites": ["a", "b"], "quorum": 1, "deadline_seconds": 5}
    join = {"schema": "consilium.site/1", "name": "a", "coordinator": "@address", "keys": "keys", "data": "data", "folder": "out", "folds": 2, "fold": 1}
    region = {"region": "WT", "dice": 0.5, "hd95_mm": None, "reference_ml": 1, "predicted_ml": 2}
    results = {"schema": "consilium.results/1", "title": "t", "seed": 3, "regions": ["WT"], "sites": [{"name": "a", "train_cases": 3}],
               "models": [{"name": "a", "kind": "single", "trained_on": ["a"], "curve": [{"round": 1, "steps": 4, "loss": 0.5, "validation": {"a": 0.1}}]}],
               "cases": [{"site": "a", "case": "c", "model": "a", "fold": 0, "regions": [region]}], "settings": {"any": [1, {"thing": None}]}, "versions": {"consilium": "0"}}
    profile = json.loads((ROOT / "sample_data/profiles/site_a.json").read_text())
    for name, value in (("training", training), ("simulation", simulation), ("coordinator", coordinator), ("join", join), ("results", results), ("site_profile", profile)):
        put("settings", name + ".json", json.dumps(value))
    texts = {
        "empty": "", "null": "null", "list": "[]", "object": "{}", "nested_lists": "[" * 5000, "nested_objects": '{"a":' * 5000, "nested_closed": "[" * 64 + "]" * 64,
        "key_twice": '{"schema": "consilium.site/1", "name": "a", "name": "b"}', "number_too_large": '{"seed": 1e999}', "number_edge": '{"seed": 18446744073709551616, "steps": -9223372036854775809}',
        "fraction_for_whole": '{"steps": 2.5, "rounds": 1e300, "seed": -1}', "truth_for_number": '{"steps": true}', "not_utf8": b'{"title": "\xff\xfe"}', "nul_in_text": '{"title": "a\\u0000b"}',
        "lone_surrogate": '{"title": "\\ud800"}', "byte_order_mark": b'\xef\xbb\xbf{"seed": 1}', "comment": '{"seed": 1 // one\n}', "trailing": '{"seed": 1} x', "nan": '{"overlap": NaN}',
        "long_name": json.dumps({"name": "x" * 4000, "protocol": [{"name": "T1"}]}), "many_empty": "[" + ",".join(["{}"] * 800) + "]", "long_number": '{"seed": ' + "9" * 900 + "}",
        "path_upwards": json.dumps({**join, "name": "../../etc", "data": "../../../"}), "site_twice": json.dumps({**coordinator, "sites": ["a", "a"]}),
        "profile_extreme": json.dumps({**profile, "scale": 0.1, "spacing_mm": [0.3, 0.3, 0.3], "field_of_view_mm": [400, 400, 400]}),
        "profile_item_spacing": json.dumps({"name": "a", "protocol": [{"name": "T1", "spacing_mm": [1e-300, -1, 0]}]}),
        "training_extreme": json.dumps({**training, "steps": 100000000, "rounds": 100000000, "model": {"filters": [2147483647] * 7}}),
    }
    for name, text in texts.items():
        put("settings", name + ".json", text)


# safetensors -------------------------------------------------------------------------------------------------------------------

def safetensors(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else (header if isinstance(header, str) else json.dumps(header)).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def write_safetensors():
    f32 = lambda shape, begin, end: {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    two = {"__metadata__": {"format": "pt", "group:a.weight": "trunk"}, "a.weight": f32([2, 3], 0, 24), "b.bias": f32([2], 24, 32)}
    data = struct.pack("<8f", *range(8))
    many = {
        "sound": safetensors(two, data), "no_tensor": safetensors({}), "scalar": safetensors({"a": f32([], 0, 4)}, data[:4]), "empty_tensor": safetensors({"a": f32([0, 7], 0, 0)}),
        "nan": safetensors({"a": f32([1], 0, 4)}, struct.pack("<f", float("nan"))), "empty": b"", "seven_bytes": bytes(7),
        "length_2_63": safetensors("{}", length=2**63), "length_all_ones": safetensors("{}", length=2**64 - 1), "length_over": safetensors("{}", length=1000), "length_short": safetensors(two, data, length=20),
        "name_twice": safetensors('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', data[:8]),
        "shape_product_overflows": safetensors({"a": f32([2**31 - 1] * 3, 0, 24)}, data), "shape_negative": safetensors({"a": f32([-2, 3], 0, 24)}, data), "shape_fraction": safetensors({"a": f32([1.5], 0, 4)}, data),
        "shape_2_63": safetensors({"a": f32([2**63], 0, 4)}, data), "shape_of_17": safetensors({"a": f32([1] * 17, 0, 4)}, data[:4]), "offsets_reversed": safetensors({"a": f32([2], 8, 0)}, data),
        "offsets_overlap": safetensors({"a": f32([2], 0, 8), "b": f32([2], 4, 12)}, data[:12]), "offsets_gap": safetensors({"a": f32([1], 4, 8)}, data[:8]), "offsets_beyond": safetensors({"a": f32([2**20], 0, 2**22)}, data),
        "bytes_left_over": safetensors({"a": f32([1], 0, 4)}, data), "other_type": safetensors({"a": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}, data[:2]), "type_is_number": safetensors({"a": {"dtype": 5, "shape": [1], "data_offsets": [0, 4]}}, data[:4]),
        "metadata_number": safetensors({"__metadata__": {"steps": 4}}), "metadata_list": safetensors({"__metadata__": []}), "group_of_nothing": safetensors({"__metadata__": {"group:": "x", "group:zz": "y"}}),
        "header_nested": safetensors('{"a":' + "[" * 5000), "header_list": safetensors("[]"), "header_null": safetensors("null"), "header_not_utf8": safetensors(b'{"\xff":1}'), "entry_null": safetensors({"a": None}), "name_with_nul": safetensors({"a\0b": f32([1], 0, 4)}, data[:4]),
    }
    for name, value in many.items():
        put("safetensors", name + ".safetensors", value)


# wire --------------------------------------------------------------------------------------------------------------------------

def encoded(message, text):
    return subprocess.run(["protoc", "-I", ROOT / "fl/proto", f"--encode=consilium.fl.v1.{message}", "consilium/fl/v1/federation.proto"], input=text.encode(), stdout=subprocess.PIPE, check=True).stdout


def named(message):
    return b"consilium.fl.v1." + message.encode() + b"\n"


def write_wire():
    digest = "ab" * 32
    hashes = lambda n: "chunk_bytes: 1048576 " + " ".join('chunk_sha256: "' + "\\%03o" % i * 32 + '"' for i in range(1, n + 1))
    announcement = lambda more="", manifest="size_bytes: 5 " + hashes(1), rounds="round: 1 rounds: 3": f'{rounds} base_digest: "{digest}" task: "{{}}" federation: "{digest[:32]}" model {{ {manifest} }} {more}'
    offer = lambda more="", manifest="size_bytes: 5 " + hashes(1), score="0.5": f'round: 1 base_digest: "{digest}" cases_per_group {{ key: "trunk" value: 4 }} validation_score: {score} validation_cases: 2 metrics {{ key: "loss" value: 0.25 }} delta {{ {manifest} }} {more}'
    many = {
        "announcement": ("Announcement", announcement()), "announcement_finished": ("Announcement", announcement("finished: true")), "announcement_round_min": ("Announcement", announcement(rounds="round: -9223372036854775808 rounds: 3")),
        "announcement_rounds_max": ("Announcement", announcement(rounds="rounds: 9223372036854775807 round: 9223372036854775807")), "announcement_size_max": ("Announcement", announcement(manifest="size_bytes: 18446744073709551615 " + hashes(1))),
        "announcement_empty_model": ("Announcement", announcement(manifest="size_bytes: 0 chunk_bytes: 65536")), "announcement_too_many_hashes": ("Announcement", announcement(manifest="size_bytes: 5 " + hashes(40))),
        "announcement_hash_short": ("Announcement", announcement(manifest='size_bytes: 5 chunk_sha256: "abc"')), "announcement_equal_hashes": ("Announcement", announcement(manifest="size_bytes: 2097152 chunk_bytes: 1048576 " + 2 * ('chunk_sha256: "' + "\\001" * 32 + '" '))),
        "announcement_digest_short": ("Announcement", announcement().replace(digest, "abc")), "announcement_empty": ("Announcement", ""),
        "offer": ("UpdateOffer", offer()), "offer_last_look": ("UpdateOffer", offer(manifest="size_bytes: 0 chunk_bytes: 65536")), "offer_nan": ("UpdateOffer", offer('metrics { key: "x" value: nan }', score="nan")),
        "offer_cases_negative": ("UpdateOffer", offer('cases_per_group { key: "head" value: -9223372036854775808 }')), "offer_name_empty": ("UpdateOffer", offer('metrics { key: "" value: 1 }')),
        "offer_name_long": ("UpdateOffer", offer('metrics { key: "' + "x" * 300 + '" value: 1 }')), "offer_size_over": ("UpdateOffer", offer(manifest="size_bytes: 16777217 " + hashes(17))),
        "receipt": ("Receipt", 'kind: KIND_REJECTED reason: "because"'), "receipt_unknown_kind": ("Receipt", "kind: 99"), "receipt_long": ("Receipt", 'kind: KIND_STALE reason: "' + "y" * 5000 + '"'),
        "chunk": ("Chunk", 'sha256: "' + "\\001" * 32 + '" data: "hello"'), "chunk_empty": ("Chunk", ""), "chunk_true": ("Chunk", 'sha256: "\\054\\362\\115\\272\\137\\260\\243\\016\\046\\350\\073\\052\\305\\271\\342\\236\\033\\026\\036\\134\\037\\247\\102\\136\\163\\004\\063\\142\\223\\213\\230\\044" data: "hello"'),
        "announcement_compression": ("Announcement", announcement('compression: "{\\"codec\\":\\"topk\\",\\"fraction\\":0.1}"')),
        "announcement_compression_unknown": ("Announcement", announcement('compression: "{\\"codec\\":\\"magic\\"}"')),
        "announcement_compression_nested": ("Announcement", announcement('compression: "' + "[" * 3000 + '"')),
        "offer_codec": ("UpdateOffer", offer('codec: "int8"')),
        "offer_codec_unknown": ("UpdateOffer", offer('codec: "magic"')),
    }
    for name, (message, text) in many.items():
        put("wire", name, named(message) + encoded(message, text))
    put("wire", "not_protobuf", named("Announcement") + b"\xff" * 40)
    put("wire", "length_beyond_end", named("Announcement") + b"\x1a\xff\xff\xff\xff\x07abc")
    put("wire", "nested_unknown_groups", named("Announcement") + b"\x7b" * 300)
    put("wire", "no_message", named("NoSuchMessage") + b"\x0a\x01a")


# npy ---------------------------------------------------------------------------------------------------------------------------

def npy(header, data=b"", version=1, length=None):
    text = header.encode("latin-1")
    size = len(text) if length is None else length
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", size) + text + data


def write_npy():
    header = lambda descr="'<f4'", order="False", shape="(2, 3)": "{'descr': %s, 'fortran_order': %s, 'shape': %s, }" % (descr, order, shape)
    data = struct.pack("<6f", *range(6))
    many = {
        "sound": npy(header().ljust(117) + "\n", data), "fortran": npy(header(order="True"), data), "version_2": npy(header(), data, 2), "version_3": npy(header(), data, 3), "scalar": npy(header(shape="()"), data[:4]),
        "no_values": npy(header(shape="(0, 7)")), "fortran_no_values": npy(header(order="True", shape="(2, 0, 3)")), "empty": b"", "magic_only": b"\x93NUMPY", "version_9": npy(header(), data, 9), "length_over": npy(header(), data, length=65535),
        "length_32_bits": npy(header(), data, 2, 2**32 - 1), "float64": npy(header("'<f8'"), data), "big_endian": npy(header("'>f4'"), data), "object": npy(header("'|O'"), data), "structured": npy(header("[('a', '<f4')]"), data),
        "shape_negative": npy(header(shape="(-2, 3)"), data), "shape_overflows": npy(header(shape="(2147483647, 2147483647, 2147483647)"), data), "shape_2_63": npy(header(shape="(9223372036854775808,)"), data), "shape_of_40": npy(header(shape="(" + "1," * 40 + ")"), data[:4]),
        "shape_words": npy(header(shape="(__import__('os'),)"), data), "key_twice": npy("{'descr': '<f4', 'descr': '<f4', }", data), "key_missing": npy("{'descr': '<f4', }", data), "quote_open": npy("{'descr': '<f4", data), "dict_open": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (6,)", data),
        "rest": npy(header(), data + b"x"), "short": npy(header(), data[:-1]), "pickle": b"\x80\x04]\x94.",
    }
    for name, value in many.items():
        put("npy", name + ".npy", value)


# certificates ------------------------------------------------------------------------------------------------------------------

def write_certificates():
    run = lambda *words: subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    if not (HERE / "corpus/certificate/site.crt").exists():
        with tempfile.TemporaryDirectory() as folder:
            key = folder + "/k"
            run("openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", key)
            make = lambda name, subject, *more: put("certificate", name, run("openssl", "req", "-x509", "-new", "-utf8", "-key", key, "-subj", subject, *more))
            make("site.crt", "/CN=site_a/OU=site", "-days", "36500")
            make("coordinator.crt", "/CN=hub/OU=coordinator", "-days", "36500", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
            make("name_missing.crt", "/OU=site", "-days", "36500")
            make("name_unicode.crt", "/CN=Krankenhaus Süd\u2028/OU=site", "-days", "36500")
            make("name_long.crt", "/CN=" + "x" * 64 + "/OU=site", "-days", "36500")
            make("one_day.crt", "/CN=old/OU=site", "-days", "1")
            run("openssl", "genrsa", "-out", key, "1024")
            make("rsa.crt", "/CN=rsa/OU=site", "-days", "36500")
            put("certificate", "key_instead.crt", run("openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout"))
    sound = (HERE / "corpus/certificate/site.crt").read_text()
    body = sound.split("\n")[1:-2]
    put("certificate", "empty.crt", "")
    put("certificate", "words.crt", "no certificate\n")
    put("certificate", "cut.crt", sound[:200])
    put("certificate", "without_end.crt", sound.replace("-----END CERTIFICATE-----\n", ""))
    put("certificate", "without_body.crt", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")
    put("certificate", "not_base64.crt", sound.replace(body[1], "*" * 64))
    put("certificate", "twice.crt", sound * 2)
    # OpenSSL asks the terminal for a passphrase here, unless it is told not to.
    put("certificate", "encrypted.crt", "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n" + "\n".join(body) + "\n-----END CERTIFICATE-----\n")
    put("certificate", "trusted.crt", sound.replace("CERTIFICATE", "TRUSTED CERTIFICATE"))


# Compressed updates of the model in compressed_update.cpp -------------------------------------------------------------------------

LAYOUT = [("a.bias", "trunk", (8,)), ("b.weight", "trunk", (8, 32)), ("c.weight", "head", (16, 16))]
NONE, BF16, INT8, STOCHASTIC, TOPK, SIGN, POWERSGD, ROTATION = range(8)


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def word(text):
    return varint(len(text)) + text.encode()


def layout_digest(layout=LAYOUT):
    return hashlib.sha256(b"".join(word(name) + word(group) + varint(len(shape)) + b"".join(map(varint, shape)) for name, group, shape in layout)).digest()


def zeros_frame(count):
    """A zstd frame of one run of zeros: magic, a single segment with its size in two bytes, a last block that repeats a byte."""
    return b"\x28\xb5\x2f\xfd\x60" + struct.pack("<H", count - 256) + struct.pack("<I", 1 | 1 << 1 | count << 3)[:3] + b"\0"


def compressed(entries, codec=INT8, version=1, digest=None, count=None, table_bytes=None, tail=b""):
    """`entries`: (gap, codec, [part or (size, stored)])."""
    table, body = b"", b""
    for gap, kind, parts in entries:
        table += varint(gap) + bytes([kind, len(parts)])
        for part in parts:
            size, stored = part if isinstance(part, tuple) else (len(part), part)
            table += varint(size) + varint(len(stored))
            body += stored
    head = b"CNSD" + bytes([version, codec]) + (digest or layout_digest())
    head += struct.pack("<II", len(entries) if count is None else count, len(table) if table_bytes is None else table_bytes)
    return head + table + body + tail


def write_compressed():
    kind = "compressed_update"
    bias = (0, BF16, [bytes(range(8)), b"\x3c" * 8])
    floats = struct.pack("<256f", *(0.001 * n for n in range(256)))
    codes = bytes((n * 37) % 251 for n in range(256))
    scales = struct.pack("<I4f", 64, 0.1, 0.2, 0.0, 1e-5)
    matrix = struct.pack("<40f", *(0.1 * n - 2 for n in range(40)))
    planes = lambda data: [data[n::4] for n in range(4)]
    # In place of b.weight and c.weight; each alone as well.
    sound = {
        "float32": (NONE, planes(floats)),
        "bf16": (BF16, [codes, b"\x3b" * 256]),
        "int8": (INT8, [scales, codes]),
        "stochastic4": (STOCHASTIC, [b"\x04" + scales, codes[:128]]),
        "stochastic3": (STOCHASTIC, [b"\x03" + scales, codes[:96]]),
        "topk": (TOPK, [b"\x01\x03" + bytes([5, 0]) + varint(200), codes[:3], b"\x3c" * 3]),
        "topk_int8": (TOPK, [b"\x02\x02" + bytes([0, 0]), struct.pack("<If", 256, 0.5), b"\x7f\x81"]),
        "sign": (SIGN, [struct.pack("<f", 0.25) + codes[:32]]),
        "powersgd": (POWERSGD, [b"\x00\x01"] + planes(matrix)),
        "rotation": (ROTATION, [b"\x02" + struct.pack("<Qf", 7, 0.5), codes[:64]]),
    }
    for name, (codec, parts) in sound.items():
        put(kind, name, compressed([bias, (0, codec, parts)], codec))
    put(kind, "all_tensors", compressed([bias, (0,) + sound["topk"], (0,) + sound["sign"]], TOPK))
    put(kind, "last_tensor", compressed([(2,) + sound["int8"]]))
    put(kind, "no_tensor", compressed([]))
    put(kind, "zstd", compressed([(1, INT8, [scales, (256, zeros_frame(256))])]))
    put(kind, "zstd_says_more", compressed([(1, INT8, [scales, (256, zeros_frame(60000))])]))
    put(kind, "zstd_says_less", compressed([(1, INT8, [scales, (300, zeros_frame(256))])]))
    put(kind, "zstd_damaged", compressed([(1, INT8, [scales, (256, b"\x28\xb5\x2f\xfd\xff\xff")])]))
    put(kind, "part_of_2_60", compressed([(1, INT8, [(1 << 60, b"1")])]))
    put(kind, "parts_255", compressed([(1, INT8, [b""] * 255)]))
    put(kind, "gap_2_60", compressed([(1 << 60, INT8, [scales, codes])]))
    put(kind, "tensor_too_many", compressed([bias, (0,) + sound["int8"], (0,) + sound["int8"], (0,) + sound["int8"]]))
    put(kind, "count_2_32", compressed([bias], count=2**32 - 1))
    put(kind, "table_2_32", compressed([bias], table_bytes=2**32 - 1))
    put(kind, "other_model", compressed([bias], digest=bytes(32)))
    put(kind, "other_version", compressed([bias], version=2))
    put(kind, "other_codec", compressed([bias], codec=200))
    put(kind, "left_over", compressed([bias], tail=b"1"))
    put(kind, "nan", compressed([(1, SIGN, [struct.pack("<f", float("nan")) + codes[:32]])]))
    put(kind, "infinite_scale", compressed([(1, INT8, [struct.pack("<I4f", 64, float("inf"), 1, 1, 1), codes])]))
    put(kind, "block_0", compressed([(1, INT8, [struct.pack("<I4f", 0, 1, 1, 1, 1), codes])]))
    put(kind, "rank_2_40", compressed([(1, POWERSGD, [b"\x00" + varint(1 << 40)] + planes(matrix))]))
    put(kind, "places_2_40", compressed([(1, TOPK, [b"\x01" + varint(1 << 40), b"", b""])]))
    put(kind, "place_behind", compressed([(1, TOPK, [b"\x01\x01" + varint(1 << 40), b"1", b"1"])]))
    put(kind, "empty", b"")
    put(kind, "magic", b"CNSD")


# Encrypted vectors ---------------------------------------------------------------------------------------------------------------
# Of the ring, terms and length in tests/fuzz/encrypted.cpp. Zeros are sound polynomials; that what is encrypted is no sum of anything shows only at the end.

POLYNOMIAL = 8 * 4 * 50 // 8


def ring_primes(count=4, bits=50, step=16):
    candidate, primes = (2**bits - 2) // step * step + 1, []
    while len(primes) < count:
        if pow(2, candidate - 1, candidate) == 1 and pow(3, candidate - 1, candidate) == 1:
            primes.append(candidate)
        candidate -= step
    return primes


def encrypted(key=bytes(2 * POLYNOMIAL), blocks=bytes(3 * POLYNOMIAL), magic=b"CNSLHE1\n", context=b"fuzz", values=70):
    terms = struct.pack("<4Q", *ring_primes()) + struct.pack("<6Q", 8, 2, values, 40, 4, 80) + context
    return magic + hashlib.sha256(b"consilium vector terms\0" + terms).digest() + key + blocks


def write_encrypted():
    kind = "encrypted"
    high = (2**50 - 1).to_bytes(8, "little")
    put(kind, "zeros", encrypted())
    put(kind, "residue_above_its_prime", encrypted(key=high + bytes(2 * POLYNOMIAL - 8)))
    put(kind, "residue_above_in_c1", encrypted(key=bytes(POLYNOMIAL) + high + bytes(POLYNOMIAL - 8)))
    put(kind, "residue_above_in_block", encrypted(blocks=high + bytes(3 * POLYNOMIAL - 8)))
    put(kind, "ones", encrypted(blocks=b"\1" + bytes(3 * POLYNOMIAL - 1)))
    put(kind, "noise_in_last_block", encrypted(blocks=bytes(2 * POLYNOMIAL) + b"\x55" * 5 + bytes(POLYNOMIAL - 5)))
    put(kind, "other_context", encrypted(context=b"fuzzy"))
    put(kind, "other_length", encrypted(values=71))
    put(kind, "other_magic", encrypted(magic=b"CNSLHE2\n"))
    put(kind, "short", encrypted()[:-1])
    put(kind, "long", encrypted() + b"\0")
    put(kind, "no_blocks", encrypted(blocks=b""))
    put(kind, "head_only", encrypted(key=b"", blocks=b""))
    put(kind, "empty", b"")


# Messages of secure aggregation: a first byte says what becomes of the rest (secure.cpp) -----------------------------------------

def write_secure():
    parse = bytes([10])
    put("secure", "empty", b"")
    put("secure", "nothing_to_parse", parse)
    put("secure", "list_of_none", parse + b"\0")
    put("secure", "count_beyond_all", parse + b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")
    put("secure", "ten_thousand_announced", parse + b"\x90\x4e")
    put("secure", "long_name", parse + b"\x01\x40" + b"n" * 64 + b"k" * 96 + b"\0\0\0")
    put("secure", "overlong_number", parse + b"\x82\x00\x00\x01x\x01\x01y")
    put("secure", "numbers_fall", parse + b"\x02\x02\x01x\x01\x01y")
    put("secure", "site_beyond", parse + b"\x01\x04\x01x")
    put("secure", "set_with_fifth_site", parse + b"\x1f")
    put("secure", "shares", parse + b"\x02\x00" + bytes(range(32)) + b"\x03" + bytes(range(32, 64)))
    for step in range(5):
        put("secure", f"answer_{step}_cut_off", bytes([step]) + b"\x02\x00\x00")
        put("secure", f"answer_{step}_replaced", bytes([step]) + b"\x00\x00\x00" + b"other words")
        put("secure", f"stage_{step}_changed", bytes([5 + step]) + b"\x10\x00\x01\x21\x00\x80")


for write in (write_nifti, write_dicom, write_settings, write_safetensors, write_wire, write_npy, write_compressed, write_encrypted, write_secure, write_certificates):
    write()
