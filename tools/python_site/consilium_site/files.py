"""Files that are never half-written, and reads with a limit."""
import os

from .errors import Error, ErrorCode, require

MOST_BYTES = 1 << 36  # of one file: 64 GiB


def read_file(path, limit=MOST_BYTES):
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            require(size <= limit, ErrorCode.CORRUPT_DATA, f"{path}: {size} bytes, more than the {limit} that are read")
            return file.read(size)
    except OSError as error:
        raise Error(ErrorCode.NOT_FOUND, f"{path}: {error.strerror}") from error


def write_file(path, data):
    """Beside its place, then renamed: no reader sees half a file, and a kill leaves the old one."""
    temporary = f"{path}.part"
    try:
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise Error(ErrorCode.CANNOT_WRITE, f"{path}: {error.strerror}") from error
