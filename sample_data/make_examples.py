#!/usr/bin/env python3
"""Makes sample_data/examples anew with consilium phantom, and its manifest.

usage: sample_data/make_examples.py [CONSILIUM]      (default build/bin/consilium; run from the repository's root)

Run it when the phantom or a profile changes on purpose; the test of sample_data says when the files no longer match.
"""
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

SAMPLE_DATA = pathlib.Path(__file__).resolve().parent
EXAMPLES = SAMPLE_DATA / "examples"
SEED, SCALE = 7, 2.5
# Profile -> the series to keep: few and coarse, so that a clone stays small.
PARTS = {
    "profiles/site_a.json": ["T1ce"],
    "profiles/site_b.json": ["T1", "T1ce", "T2", "FLAIR"],
    "extra_profiles/site_d_pet_ct.json": ["CT", "PET"],
}


def description(path):
    """What a file is, from its place."""
    if path.name == "phantom.json":
        return "manifest of consilium phantom: profiles, seed, cases, tumour volumes"
    if path.name.endswith("-seg.nii.gz"):
        return "ground truth: 1 necrotic or non-enhancing core, 2 oedema, 3 enhancing tumour"
    if path.suffix == ".dcm":
        return "DICOM slice of " + path.parent.name.split("_", 1)[1]
    return "NIfTI volume, BraTS 2023 name"


def main():
    consilium = sys.argv[1] if len(sys.argv) > 1 else "build/bin/consilium"
    shutil.rmtree(EXAMPLES, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, keep in PARTS.items():
            profile = json.loads((SAMPLE_DATA / name).read_text())
            profile["protocol"] = [item for item in profile["protocol"] if item["name"] in keep]
            (pathlib.Path(folder) / pathlib.Path(name).name).write_text(json.dumps(profile))
        options = ["--seed", str(SEED), "--scale", str(SCALE), "--cases", "1", "--held-out", "0"]
        subprocess.run([consilium, "phantom", "--profiles", folder, "-o", str(EXAMPLES), *options], check=True)
    files = sorted(path for path in EXAMPLES.rglob("*") if path.is_file())
    manifest = {
        "schema": "consilium.sample_data/1",
        "command": "sample_data/make_examples.py",
        "runs": "consilium phantom --profiles <the profiles in phantom.json> -o sample_data/examples " + " ".join(options),
        "seed": SEED,
        "files": [
            {
                "path": str(path.relative_to(EXAMPLES)),
                "what": description(path),
                "bytes": path.stat().st_size,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
            for path in files
        ],
    }
    (EXAMPLES / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    print(f"{len(files)} files, {sum(entry['bytes'] for entry in manifest['files']) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
