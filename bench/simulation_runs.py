"""What the scripts that tabulate simulations share: settings over settings, and one run of `consilium simulate`."""
import copy
import json
import subprocess
import sys
import time


def merged(base, change):
    """`change` over `base`; null takes a key away."""
    result = copy.deepcopy(base)
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result[key], value) if isinstance(value, dict) and isinstance(result.get(key), dict) else value
    return result


def run_one(program, settings, data, folder, seed):
    folder.parent.mkdir(parents=True, exist_ok=True)
    file = folder.with_suffix(".json")
    file.write_text(json.dumps(settings, indent=1) + "\n")
    start = time.monotonic()
    with open(folder.with_suffix(".log"), "a", encoding="utf-8") as log:
        code = subprocess.run([program, "simulate", str(file), "--data", str(data), "-o", str(folder), "--seed", str(seed), "--quiet"], stdout=log, stderr=log, check=False).returncode
    print(f"{folder.name}: {'done' if code == 0 else f'exit code {code}'}, {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
