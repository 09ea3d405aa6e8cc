"""SETTINGS.json of a Python site."""
import json
import math
import pathlib
import re
import time
from dataclasses import dataclass, field, fields

from .errors import Error, ErrorCode, require
from .files import read_file
from .json_text import parse_json

SCHEMA = "consilium.python_site/1"
_REQUIRED = ("name", "coordinator", "keys", "folder", "trainer")


@dataclass
class Settings:
    """Relative paths are taken from the folder of the file."""

    name: str = ""                # as in the site's certificate
    coordinator: str = ""         # host:port, or several, tried in turn: host:port,host:port; or @FILE: a file that holds it, which is waited for
    keys: str = ""                # folder with ca.crt, NAME.crt and NAME.key
    folder: str = ""              # for the site's own state and, at the end, model.safetensors
    trainer: str = ""             # MODULE:CALLABLE; modules beside the file are found
    options: dict = field(default_factory=dict)  # keyword arguments of the callable
    give_up_seconds: float = 3600.0              # without contact to the coordinator


def read_settings(path):
    path = pathlib.Path(path)
    return parse_settings(parse_json(read_file(path, 64 << 20), str(path), ErrorCode.USAGE), path.name, path.absolute().parent)


def parse_settings(json_, origin, base):
    """Raises USAGE naming the key."""
    require(isinstance(json_, dict), ErrorCode.USAGE, f"{origin}: expected a JSON object")
    given = dict(json_)
    schema = given.pop("schema", SCHEMA)
    require(schema == SCHEMA, ErrorCode.USAGE, f'{origin}.schema: expected "{SCHEMA}", found {json.dumps(schema)}')
    known = [f.name for f in fields(Settings)]
    for key in given:
        require(key in known, ErrorCode.USAGE, f'{origin}: unknown key "{key}"; known keys: {", ".join(["schema", *known])}')
    for key in _REQUIRED:
        require(key in given, ErrorCode.USAGE, f'{origin}: the key "{key}" is missing')
        require(isinstance(given[key], str) and given[key], ErrorCode.USAGE, f"{origin}.{key}: expected text")
    settings = Settings(**given)
    name, seconds = settings.name, settings.give_up_seconds
    require(re.fullmatch(r"(?!\.)[A-Za-z0-9_.-]{1,64}", name), ErrorCode.USAGE, f'{origin}.name: "{name}" is no site name: up to 64 letters, digits, "_", "-" and ".", not starting with "."')
    require(_is_address(settings.coordinator), ErrorCode.USAGE, f'{origin}.coordinator: expected host:port or @FILE, found "{settings.coordinator}"')
    require(re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", settings.trainer), ErrorCode.USAGE, f'{origin}.trainer: expected MODULE:CALLABLE, found "{settings.trainer}"')
    require(isinstance(settings.options, dict), ErrorCode.USAGE, f"{origin}.options: expected an object")
    require(type(seconds) in (int, float) and math.isfinite(seconds) and seconds > 0, ErrorCode.USAGE, f"{origin}.give_up_seconds: expected a number above 0")
    settings.keys, settings.folder = str(base / settings.keys), str(base / settings.folder)
    if settings.coordinator.startswith("@"):
        settings.coordinator = "@" + str(base / settings.coordinator[1:])
    return settings


def _is_address(text):
    if text.startswith("@"):
        return len(text) > 1
    addresses = [address.rpartition(":") for address in text.split(",")]
    return all(host and (":" not in host or (host[0], host[-1]) == ("[", "]")) and re.fullmatch("[0-9]{1,5}", port) and int(port) <= 65535 for host, _, port in addresses)


def resolve_address(settings):
    """The address itself, or the content of the file it names, which a coordinator writes when it listens."""
    if not settings.coordinator.startswith("@"):
        return settings.coordinator
    file = pathlib.Path(settings.coordinator[1:])
    end = time.monotonic() + settings.give_up_seconds
    while not file.exists():
        if time.monotonic() > end:
            raise Error(ErrorCode.UNREACHABLE, f"{file}: no coordinator has written its address there")
        time.sleep(0.05)
    return read_file(file, 4096).decode(errors="replace").strip()
