#!/usr/bin/env python3
"""Reads a TensorBoard event file with nobody's help from this project: framing from the TFRecord description, CRC-32C from python3-crcmod,
messages from `protoc --decode_raw`. Prints a JSON list of records; exits 1 when a checksum does not fit.
"""
import json
import re
import struct
import subprocess
import sys

import crcmod.predefined

crc32c = crcmod.predefined.mkPredefinedCrcFun("crc-32c")


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15) | (crc << 17)) + 0xA282EAD8 & 0xFFFFFFFF


def records(data):
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        (length_crc,) = struct.unpack_from("<I", data, at + 8)
        body = data[at + 12 : at + 12 + length]
        (body_crc,) = struct.unpack_from("<I", data, at + 12 + length)
        if len(body) != length or masked(data[at : at + 8]) != length_crc or masked(body) != body_crc:
            sys.exit("checksum or length does not fit")
        yield body
        at += 16 + length


def decoded(body):
    text = subprocess.run(["protoc", "--decode_raw"], input=body, capture_output=True, check=True).stdout.decode()
    record = {"step": 0, "scalars": {}}
    # wall_time (1) is a double, simple_value (5.1.2) a float: printed raw as hexadecimal of their bits.
    record["wall_time"] = struct.unpack("<d", struct.pack("<Q", int(re.search(r"^1: 0x([0-9a-f]+)", text, re.M)[1], 16)))[0]
    if step := re.search(r"^2: (\d+)", text, re.M):
        record["step"] = int(step[1])
    if version := re.search(r'^3: "(.*)"', text, re.M):
        record["file_version"] = version[1]
    for tag, bits in re.findall(r'1: "([^"]+)"\s+2: 0x([0-9a-f]{8})', text):
        record["scalars"][tag] = struct.unpack("<f", struct.pack("<I", int(bits, 16)))[0]
    return record


print(json.dumps([decoded(body) for body in records(open(sys.argv[1], "rb").read())]))
