"""safetensors files with float32 tensors; bounds are checked before anything is taken.

Source: github.com/huggingface/safetensors, "Format".
"""
import json
import struct

import numpy

from .chunks import ChunkList
from .errors import Error, ErrorCode, require
from .files import read_file, write_file
from .json_text import parse_json
from .model_state import FLOAT, Tensor, name_order

HEADER_LIMIT = 100_000_000  # bytes, as in the reference implementation
MOST_DIMENSIONS = 16
MOST_EXTENT = 2**31 - 1
MOST_VALUES = 1 << 40
GROUP = "group:"


def encode(state, metadata=None):
    """Same state and metadata, same bytes, and the same as the C++ program's."""
    words = dict(metadata or {})
    header, offset = {}, 0
    names = sorted(state, key=name_order)
    for name in names:
        tensor = state[name]
        size = tensor.values.nbytes
        header[name] = {"data_offsets": [offset, offset + size], "dtype": "F32", "shape": list(tensor.values.shape)}
        if tensor.group:
            words[GROUP + name] = tensor.group
        offset += size
    if words:
        header["__metadata__"] = words
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # the data begin at a multiple of 8
    return b"".join([struct.pack("<Q", len(text)), text, *(state[name].values.tobytes() for name in names)])


def digest(state):
    """Of a model, as 64 lower-case hexadecimal digits (docs/wire_format.md, "Digest of a model")."""
    return ChunkList.of(encode(state)).digest()


def parse(data, origin):
    """(state, metadata); `origin` names the bytes in messages. Offsets must tile the data exactly, as the format demands.

    Raises CORRUPT_DATA naming the tensor or field, UNSUPPORTED for another data type.
    """
    require(len(data) >= 8, ErrorCode.CORRUPT_DATA, f"{origin}: has {len(data)} bytes; a safetensors file has at least 8")
    (length,) = struct.unpack_from("<Q", data)
    require(length <= HEADER_LIMIT and length <= len(data) - 8, ErrorCode.CORRUPT_DATA, f"{origin}: the header promises {length} bytes, the file has {len(data)}")
    header = _parse_header(bytes(data[8 : 8 + length]), origin)
    metadata, groups = _parse_metadata(header.pop("__metadata__", {}), origin)
    begin_of_data = 8 + length
    placed = sorted((*_parse_entry(name, entry, origin), name) for name, entry in header.items())
    expected = 0
    for begin, end, _, name in placed:
        require(begin == expected, ErrorCode.CORRUPT_DATA, f'{origin}: tensor "{name}" does not begin where the one before it ends')
        expected = end
    present = len(data) - begin_of_data
    require(expected == present, ErrorCode.CORRUPT_DATA, f"{origin}: the tensors take {expected} bytes, the file holds {present}")
    state = {}
    for begin, end, shape, name in placed:
        values = numpy.frombuffer(data, FLOAT, (end - begin) // 4, begin_of_data + begin) if end > begin else numpy.empty(0, FLOAT)
        state[name] = Tensor(values.reshape(shape).copy(), groups.get(name, ""))
    return {name: state[name] for name in sorted(state, key=name_order)}, metadata


def read(path):
    return parse(read_file(path), str(path))


def write(path, state, metadata=None):
    write_file(path, encode(state, metadata))


def _refuse(origin, what, code=ErrorCode.CORRUPT_DATA):
    raise Error(code, f"{origin}: {what}")


def _is_size(value):
    return type(value) is int and 0 <= value < 2**64  # True is an int, too


def _parse_header(text, origin):
    header = parse_json(text, f"{origin}: the safetensors header")
    if not isinstance(header, dict):
        _refuse(origin, "the safetensors header is not a JSON object")
    return header


def _parse_metadata(entry, origin):
    if not isinstance(entry, dict):
        _refuse(origin, "__metadata__ is not an object")
    metadata, groups = {}, {}
    for key, value in entry.items():
        if not isinstance(value, str):
            _refuse(origin, "__metadata__ holds something else than text")
        if key.startswith(GROUP):
            groups[key[len(GROUP) :]] = value
        else:
            metadata[key] = value
    return metadata, groups


def _parse_entry(name, entry, origin):
    what = f'tensor "{name}"'
    if not isinstance(entry, dict) or not {"dtype", "shape", "data_offsets"} <= entry.keys():
        _refuse(origin, f"{what} lacks dtype, shape or data_offsets")
    kind = entry["dtype"]
    if not isinstance(kind, str):
        _refuse(origin, f"{what}: dtype is not a word")
    if kind != "F32":
        _refuse(origin, f"{what} is of type {kind[:16]}; only F32 is read", ErrorCode.UNSUPPORTED)
    shape = entry["shape"]
    if not isinstance(shape, list) or len(shape) > MOST_DIMENSIONS:
        _refuse(origin, f"{what}: shape is not a list of at most {MOST_DIMENSIONS} sizes")
    count = 1
    for extent in shape:
        if not _is_size(extent):
            _refuse(origin, f"{what}: a size in shape is not a whole number")
        count *= extent
        if extent > MOST_EXTENT or count > MOST_VALUES:
            _refuse(origin, f"{what}: shape is too large")
    offsets = entry["data_offsets"]
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(_is_size, offsets)):
        _refuse(origin, f"{what}: data_offsets is not two whole numbers")
    begin, end = offsets
    if end - begin != 4 * count:
        _refuse(origin, f"{what}: shape needs {4 * count} bytes, data_offsets give another number")
    return begin, end, shape
