"""JSON from outside: what the C++ program refuses is refused here."""
import json

from .errors import Error, ErrorCode, require

DEEPEST = 64  # brackets within brackets


def _is_deeper(value, levels):
    if not isinstance(value, (dict, list)):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(item, levels - 1) for item in inner)


def parse_json(text, origin, code=ErrorCode.CORRUPT_DATA):
    """From bytes. Raises `code` for bad UTF-8, a key that occurs twice, NaN, half of a surrogate pair, and nesting beyond 64 brackets."""

    def unique(pairs):
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a key occurs twice")
        return found

    def refuse_constant(word):
        raise ValueError(f"{word} is no number")

    try:
        json_ = json.loads(text.decode("utf-8"), object_pairs_hook=unique, parse_constant=refuse_constant)
        require(not _is_deeper(json_, DEEPEST), code, f"{origin} is nested deeper than {DEEPEST} brackets")
        json.dumps(json_, ensure_ascii=False).encode()  # half of a surrogate pair is no text
        return json_
    except (ValueError, RecursionError) as error:  # json.JSONDecodeError and UnicodeError are ValueErrors
        raise Error(code, f"{origin}: is no valid JSON: {error}") from error
