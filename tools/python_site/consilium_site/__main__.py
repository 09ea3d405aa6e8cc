"""python3 -m consilium_site SETTINGS.json"""
import argparse
import importlib
import json
import pathlib
import signal
import sys

from . import safetensors
from .client import SiteOptions, run_site
from .errors import Error, ErrorCode, require
from .folder_lock import folder_lock
from .settings import read_settings, resolve_address

_EPILOG = """Example:
  python3 -m consilium_site site_a.json

Research use only: this is no medical device. Exit codes: docs/exit_codes.md"""


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Error(ErrorCode.USAGE, f"{message}; see python3 -m consilium_site --help")


def _parse(words):
    parser = _Parser(prog="python3 -m consilium_site", epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
                     description="Takes part in a federation with a training program of the site's own. Images stay here; weights travel. Started again, it goes on.")
    parser.add_argument("settings", metavar="SETTINGS", help="JSON file: name, coordinator, keys, folder, trainer, options (tools/python_site/README.md)")
    parser.add_argument("--json", action="store_true", help="results as JSON on standard output")
    parser.add_argument("--quiet", action="store_true", help="no progress on standard error")
    return parser.parse_args(words)


def make_trainer(settings, settings_folder):
    """Raises USAGE when the callable cannot be had; what it raises itself goes through."""
    module_name, _, word = settings.trainer.partition(":")
    sys.path.insert(0, str(settings_folder))
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise Error(ErrorCode.USAGE, f"{settings.trainer}: {error}") from error
    require(hasattr(module, word), ErrorCode.USAGE, f'{settings.trainer}: module {module_name} has no "{word}"')
    try:
        return getattr(module, word)(**settings.options)
    except TypeError as error:  # an option that it does not know
        raise Error(ErrorCode.USAGE, f"{settings.trainer}: {error}") from error


def _join(words):
    settings = read_settings(words.settings)
    tell = (lambda line: None) if words.quiet else (lambda line: print(f"consilium: {line}", file=sys.stderr, flush=True))
    with folder_lock(settings.folder):
        trainer = make_trainer(settings, pathlib.Path(words.settings).absolute().parent)
        options = SiteOptions(settings.name, resolve_address(settings), settings.keys, settings.folder, settings.give_up_seconds)
        model = run_site(options, trainer, tell)
    path = pathlib.Path(settings.folder) / "model.safetensors"
    print(json.dumps({"schema": "consilium.join/1", "model": str(path), "digest": safetensors.digest(model)}, indent=2) if words.json else path)


def _interrupt(*_):
    raise KeyboardInterrupt


def main(argv):
    """Runs, and turns every error into a message and its exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    as_json = "--json" in argv
    try:
        _join(_parse(argv))
        return 0
    except Error as error:
        code, message = error.code, str(error)
    except KeyboardInterrupt:
        code, message = ErrorCode.INTERRUPTED, "interrupted; started again on the same folder, it goes on"
    except MemoryError:
        code, message = ErrorCode.UNEXPECTED, "out of memory"
    if as_json:
        print(json.dumps({"error": {"code": int(code), "word": code.word, "message": message}}, indent=2))
    print(f"consilium: error: {message}", file=sys.stderr)
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
