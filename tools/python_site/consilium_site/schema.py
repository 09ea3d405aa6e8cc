"""The messages of fl/proto, as protobuf classes.

From `schema.desc` beside this file (a FileDescriptorSet: protoc --include_imports -o), where one was installed, or compiled by protoc from the source
tree. Classes are made at run time: nothing generated can fall behind the .proto files.
"""
import functools
import pathlib
import subprocess

from google.protobuf import descriptor_pb2, message_factory

from .errors import Error, ErrorCode

SERVICE = "consilium.fl.v1.Federation"
PROTOCOL_VERSION = 1
_HERE = pathlib.Path(__file__).parent
_PROTO = _HERE.parents[2] / "fl/proto"
_FILE = "consilium/fl/v1/federation.proto"


def _descriptors():
    installed = _HERE / "schema.desc"
    if installed.exists():
        return installed.read_bytes()
    try:
        return subprocess.run(["protoc", "-I", str(_PROTO), "--include_imports", "-o", "/dev/stdout", _FILE], check=True, capture_output=True).stdout
    except FileNotFoundError as error:
        raise Error(ErrorCode.NOT_FOUND, "protoc is missing: apt-get install protobuf-compiler") from error
    except subprocess.CalledProcessError as error:
        raise Error(ErrorCode.UNEXPECTED, f"{_PROTO}: {error.stderr.decode(errors='replace')}") from error


@functools.lru_cache(maxsize=1)
def _classes():
    files = descriptor_pb2.FileDescriptorSet.FromString(_descriptors())
    return message_factory.GetMessages(list(files.file))


def message(name):
    """The class of a message: message("Chunk")(data=b"...")."""
    return _classes()["consilium.fl.v1." + name]
