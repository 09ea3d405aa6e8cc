"""One process at a time works in a folder."""
import contextlib
import fcntl
import os
import time

from .errors import Error, ErrorCode


@contextlib.contextmanager
def folder_lock(folder, seconds=5):
    """Locks FOLDER/.lock, as the C++ programs do. Whoever is killed leaves it unlocked. Raises CANNOT_WRITE."""
    try:
        os.makedirs(folder, exist_ok=True)
        file = open(os.path.join(folder, ".lock"), "ab")
    except OSError as error:
        raise Error(ErrorCode.CANNOT_WRITE, f"{folder}: {error.strerror}") from error
    end = time.monotonic() + seconds
    with file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > end:
                    raise Error(ErrorCode.CANNOT_WRITE, f"{folder}: another consilium process works in it; let it end, or stop it") from error
                time.sleep(0.02)
        yield
