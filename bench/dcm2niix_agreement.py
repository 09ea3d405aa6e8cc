#!/usr/bin/env python3
"""Converts folders of DICOM with dcm2niix and with consilium, and says where the volumes differ.

  /usr/bin/python3 bench/dcm2niix_agreement.py -o runs/agreement DICOM_FOLDER ...

Per folder: how many volumes each tool wrote, which of dcm2niix's have an equal one here (voxels after scaling, in RAS order, within 2e-4 of the largest: phase
images are scaled by another constant; affine within 5e-3 mm at the origin), and which do not. Directions of diffusion are compared in the patient's frame. What differs is to be
looked at by a person: either tool may be wrong. Needs dcm2niix, python3-nibabel and python3-numpy. Public data made for it: the repositories neurolabusc/dcm_qa*.
"""
import argparse
import json
import shutil
import subprocess
from pathlib import Path

import nibabel
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
SAME_VOXEL, SAME_AFFINE, SAME_DIRECTION, DIFFUSION_B = 2e-4, 5e-3, 1e-3, 20


def without_trailing_one(shape):
    return shape[:3] if len(shape) == 4 and shape[3] == 1 else shape


def values_of(image):
    colours = image.get_data_dtype().names
    if colours:
        return np.stack([np.asarray(image.dataobj)[c] for c in colours]).astype(np.float32)
    return np.asarray(image.get_fdata(dtype=np.float32)).reshape(without_trailing_one(image.shape))


def difference(one, other):
    """(affine in mm, voxels as a share of the largest), None where the grids differ."""
    a, b = nibabel.as_closest_canonical(one), nibabel.as_closest_canonical(other)
    if without_trailing_one(a.shape) != without_trailing_one(b.shape) or bool(a.get_data_dtype().names) != bool(b.get_data_dtype().names):
        return None
    x, y = values_of(a), values_of(b)
    return float(np.abs(a.affine - b.affine).max()), float(np.abs(x - y).max() / max(np.abs(x).max(), 1e-9))


def diffusion(path):
    """b-values and directions in the patient's frame; None without them. FSL's convention: along the axes, the first turned round in right-handed images."""
    if not path.with_suffix(".bvec").exists():
        return None
    b, axes = np.loadtxt(path.with_suffix(".bval"), ndmin=1), np.loadtxt(path.with_suffix(".bvec"), ndmin=2)
    to_patient = nibabel.load(path).affine[:3, :3]
    to_patient = to_patient / np.linalg.norm(to_patient, axis=0)
    if np.linalg.det(to_patient) > 0:
        axes[0] *= -1
    return b, (to_patient @ axes).T


def same_diffusion(one, other):
    if one is None or other is None or len(one[0]) != len(other[0]):
        return one is None
    weighted = (one[0] > DIFFUSION_B) & (np.linalg.norm(one[1], axis=1) > 0.5)
    along = np.abs((one[1] * other[1]).sum(axis=1))[weighted]
    return np.abs(one[0] - other[0]).max() <= 1 and (len(along) == 0 or 1 - along.min() <= SAME_DIRECTION)


def run(command, log):
    with open(log, "w", encoding="utf-8") as stream:
        return subprocess.run(command, stdout=stream, stderr=subprocess.STDOUT, check=False, timeout=1800).returncode


def compare(folder, out, program):
    shutil.rmtree(out, ignore_errors=True)
    (out / "theirs").mkdir(parents=True)
    codes = (run(["dcm2niix", "-z", "n", "-d", "9", "-f", "%s_%d_%e_%z", "-o", str(out / "theirs"), str(folder)], out / "theirs.log"),
             run([program, "convert", str(folder), "-o", str(out / "ours"), "--compress", "0", "--quiet"], out / "ours.log"))
    ours = {path: nibabel.load(path) for path in sorted((out / "ours").rglob("*.nii"))}
    found, same, lines = set(), 0, []
    theirs = sorted((out / "theirs").glob("*.nii"))
    for path in theirs:
        image = nibabel.load(path)
        candidates = [(gap[0] > SAME_AFFINE or gap[1] > SAME_VOXEL, gap[1], gap[0], other) for other, volume in ours.items() if (gap := difference(image, volume))]
        if not candidates:
            lines.append(f"  none here   {path.name} {image.shape}")
            continue
        differs, voxels, affine, other = min(candidates, key=lambda c: c[:3])
        if differs:
            lines.append(f"  differs     {path.name} {image.shape}: {other.name}, affine {affine:.3g} mm, voxels {voxels:.3g}")
            continue
        found.add(other)
        same += 1
        if not same_diffusion(diffusion(path), diffusion(other)):
            lines.append(f"  directions  {path.name}: {other.name}")
    lines += [f"  only here   {path.name} {ours[path].shape}" for path in ours if path not in found]
    print(f"{folder.name}: dcm2niix {len(theirs)} volumes (exit code {codes[0]}), consilium {len(ours)} ({codes[1]}), {same} the same", *lines, sep="\n", flush=True)
    return {"folder": folder.name, "theirs": len(theirs), "ours": len(ours), "same": same}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("-o", "--out", type=Path, required=True, help="for both tools' results; a folder's are made anew")
    parser.add_argument("--program", default=str(ROOT / "build/bin/consilium"))
    options = parser.parse_args()
    rows = [compare(folder, options.out / folder.name, options.program) for folder in options.folders]
    (options.out / "agreement.json").write_text(json.dumps(rows, indent=1) + "\n")
    print(f"{len(rows)} folders: dcm2niix {sum(r['theirs'] for r in rows)} volumes, consilium {sum(r['ours'] for r in rows)}, {sum(r['same'] for r in rows)} the same")


if __name__ == "__main__":
    main()
