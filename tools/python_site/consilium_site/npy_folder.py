"""Weights as a folder of .npy files and weights.json (docs/formats.md, "Weights as .npy"): what `consilium weights` writes and reads."""
import io
import json
import pathlib
import re

import numpy

from .errors import Error, ErrorCode, require
from .files import read_file, write_file
from .json_text import parse_json
from .model_state import FLOAT, Tensor, name_order

SCHEMA = "consilium.weights/1"


def file_name(name, number):
    """The tensor's name where it is a plain one; a number where it is not."""
    return f"{name}.npy" if re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}", name) else f"tensor_{number}.npy"


def write(folder, state, metadata=None):
    folder = pathlib.Path(folder)
    tensors = []
    for number, name in enumerate(sorted(state, key=name_order)):
        file = file_name(name, number)
        data = io.BytesIO()
        numpy.save(data, state[name].values, allow_pickle=False)
        write_file(folder / file, data.getvalue())
        tensors.append({"name": name, "group": state[name].group, "file": file})
    text = json.dumps({"schema": SCHEMA, "metadata": metadata or {}, "tensors": tensors}, indent=1, ensure_ascii=False)
    write_file(folder / "weights.json", text.encode() + b"\n")


def read(folder):
    """(state, metadata). Raises NOT_FOUND, CORRUPT_DATA, UNSUPPORTED for another data type."""
    folder = pathlib.Path(folder)
    origin = str(folder / "weights.json")
    json_ = parse_json(read_file(origin, 64 << 20), origin)
    require(isinstance(json_, dict) and json_.get("schema") == SCHEMA, ErrorCode.CORRUPT_DATA, f'{origin}: its schema is not "{SCHEMA}"')
    metadata, entries = json_.get("metadata", {}), json_.get("tensors")
    require(isinstance(metadata, dict) and all(isinstance(value, str) for value in metadata.values()), ErrorCode.CORRUPT_DATA, f"{origin}: metadata is not an object of texts")
    require(isinstance(entries, list), ErrorCode.CORRUPT_DATA, f"{origin}: tensors is not a list")
    state = {}
    for entry in entries:
        require(isinstance(entry, dict) and all(isinstance(entry.get(key), str) for key in ("name", "group", "file")), ErrorCode.CORRUPT_DATA, f"{origin}: a tensor lacks name, group or file")
        name, file = entry["name"], entry["file"]
        require(pathlib.PurePath(file).name == file and file.endswith(".npy"), ErrorCode.CORRUPT_DATA, f'{origin}: "{file}" is not the name of a .npy file in this folder')
        require(name not in state, ErrorCode.CORRUPT_DATA, f'{origin}: tensor "{name}" occurs twice')
        state[name] = Tensor(_load(folder / file), entry["group"])
    return state, metadata


def _load(path):
    try:
        values = numpy.load(io.BytesIO(read_file(path)), allow_pickle=False)
    except (ValueError, EOFError, MemoryError) as error:
        raise Error(ErrorCode.CORRUPT_DATA, f"{path}: is no .npy file: {error}") from error
    require(isinstance(values, numpy.ndarray) and values.dtype == FLOAT, ErrorCode.UNSUPPORTED, f"{path}: only float32 is read")
    return values
