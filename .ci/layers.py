#!/usr/bin/env python3
"""Checks the dependency rule of the house (docs/data_flow.md) by reading every #include.

imaging, models and fl never include one another (models/state excepted); nothing climbs; foreign libraries stay behind
their adapters. Prints each breach as file:line and exits 1 when there is one.
"""
import re
import subprocess
import sys
from pathlib import PurePosixPath

ALLOWED = {
    "base": {"base"},
    "models/state": {"base", "models/state"},
    "imaging": {"base", "imaging"},
    "models": {"base", "models", "models/state"},
    "fl": {"base", "fl", "models/state"},
    "pipelines": {"base", "imaging", "models", "models/state", "fl", "pipelines"},
    "tools": {"base", "imaging", "models", "models/state", "fl", "pipelines", "tools"},
}
# pattern of an include -> where it may stand
FOREIGN = [
    (re.compile(r"^(itk|vnl)"), r"^imaging/.*\.cpp$|^imaging/itk/"),
    (re.compile(r"^dcmtk/"), r"^imaging/(dicom|deidentify|pacs)/"),
    (re.compile(r"^opencv2/"), r"^imaging/.*\.cpp$"),
    (re.compile(r"^torch/"), r"^models/.*\.cpp$|^models/.*_module\.h$|^pipelines/.*\.cpp$|^tools/.*\.cpp$"),
    (re.compile(r"^(grpc|grpcpp|google/protobuf|prometheus)/|\.pb\.h$"), r"^fl/(wire|transport)/"),
]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
OTHER = [
    (re.compile(r"^\s*using namespace std\b"), "using namespace std"),
    (re.compile(r"\b(std::system|popen)\s*\("), "runs a shell command"),
    (re.compile(r"std::rand\b|std::random_device"), "randomness that is not consilium::Rng"),
]


def layer(path):
    if path.startswith("models/state/"):
        return "models/state"
    return PurePosixPath(path).parts[0]


def main():
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.h", "*.cpp"], capture_output=True, text=True, check=True).stdout.split()
    breaches = []
    for name in sorted(set(files)):
        here = layer(name)
        try:
            lines = open(name, encoding="utf-8").read().splitlines()
        except FileNotFoundError:
            continue
        if name.endswith(".h") and not any("#pragma once" in line for line in lines):
            breaches.append(f"{name}:1: header without #pragma once")
        for number, line in enumerate(lines, 1):
            match = INCLUDE.match(line)
            if match:
                kind, target = match.groups()
                if target.startswith("."):
                    breaches.append(f"{name}:{number}: relative include {target}")
                if kind == '"' and here in ALLOWED and "/" in target and layer(target) in list(ALLOWED) + ["tests", "bench"]:
                    if layer(target) not in ALLOWED[here]:
                        breaches.append(f"{name}:{number}: {here} includes {target}")
                if here in ALLOWED:
                    for pattern, where in FOREIGN:
                        if pattern.search(target) and not re.search(where, name):
                            breaches.append(f"{name}:{number}: {target} outside its adapter")
            elif here in ALLOWED:
                for pattern, what in OTHER:
                    if pattern.search(line):
                        breaches.append(f"{name}:{number}: {what}")
    for breach in breaches:
        print(breach)
    print(f"layers: {len(files)} files, {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
