"""What the Python reader makes of every safetensors file in a folder: JSON {file name: digest, or exit code of the refusal}."""
import json
import pathlib
import sys

from consilium_site import safetensors
from consilium_site.errors import Error


def outcome(path):
    try:
        return safetensors.digest(safetensors.read(path)[0])
    except Error as error:
        return int(error.code)


print(json.dumps({path.name: outcome(path) for path in sorted(pathlib.Path(sys.argv[1]).iterdir())}))
