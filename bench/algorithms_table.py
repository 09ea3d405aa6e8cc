#!/usr/bin/env python3
"""Trains one federation per algorithm and seed on the demo's sites, one after the other, and prints a table from the runs' results.json.

  python3 bench/algorithms_table.py -o runs/algorithms --seeds 1 2 3            # runs what is missing, then prints
  python3 bench/algorithms_table.py -o runs/algorithms --seeds 1 --only fedavg fednova
  python3 bench/algorithms_table.py -o runs/algorithms --seeds 1 2 3 --table    # prints what is there
  python3 bench/algorithms_table.py -o runs/glioma --base sample_data/real/tumour_mri_2mm.json --data DATA --steps 80 --seeds 1 2 3

The list is sample_data/algorithms.json: each algorithm is a name and what it changes in the demo's settings, or in those of --base. A run that was stopped
goes on where it stopped. Uploaded bytes are those that leave the sites, over all sites and rounds. Other lists: sample_data/compressions.json (codecs),
privacies.json (DP-SGD) and fine_tuning.json (DP-SGD of a few tensors of a model from elsewhere, --start).
"""
import argparse
import json
import statistics
import subprocess
from pathlib import Path

from simulation_runs import merged, run_one

ROOT = Path(__file__).resolve().parent.parent


def read_run(folder, target):
    results = json.loads((folder / "results.json").read_text())
    by_site = {}
    for case in results["cases"]:
        by_site.setdefault(case["site"], []).append(statistics.fmean(r["dice"] for r in case["regions"]))
    sites = {site: statistics.fmean(values) for site, values in by_site.items()}
    model = next(m for m in results["models"] if m["kind"] == "federated")
    cases = {s["name"]: s["validation_cases"] for s in results["sites"]}
    reached = None
    for point in model["curve"]:
        total = sum(cases[site] for site in point["validation"])
        score = sum(cases[site] * value for site, value in point["validation"].items()) / total if total else 0
        if score >= target and reached is None:
            reached = point["round"]
    return {"mean": statistics.fmean(v for values in by_site.values() for v in values), "sites": sites, "worst": min(sites.values()), "rounds": reached, "upload": model["upload_bytes"]}


def mean_of(runs, key, digits):
    values = [run[key] for run in runs.values()]
    return f"{statistics.fmean(values):.{digits}f}"


def print_table(algorithms, out, seeds, target):
    print(f"| algorithm | seeds | mean Dice | per seed | worst site | rounds to {target:g} | uploaded MB |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for algorithm in algorithms:
        runs = {}
        for seed in seeds:
            folder = out / f"seed_{seed}" / algorithm["name"]
            if (folder / "results.json").exists():
                runs[seed] = read_run(folder, target)
        if not runs:
            continue
        rounds = ", ".join("-" if run["rounds"] is None else str(run["rounds"]) for run in runs.values())
        print(f"| {algorithm['name']} | {', '.join(map(str, runs))} | {mean_of(runs, 'mean', 3)} | {', '.join(f'''{run['mean']:.3f}''' for run in runs.values())} | "
              f"{mean_of(runs, 'worst', 3)} | {rounds} | {statistics.fmean(run['upload'] for run in runs.values()) / 1e6:.1f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--program", default=str(ROOT / "build/bin/consilium"))
    parser.add_argument("--list", type=Path, default=ROOT / "sample_data/algorithms.json")
    parser.add_argument("--base", type=Path, help="settings instead of the list's own")
    parser.add_argument("--data", type=Path, help="images for every seed instead of the demo's phantoms")
    parser.add_argument("--start", type=Path, help="model file that every training begins with, for sample_data/fine_tuning.json")
    parser.add_argument("--steps", type=int, help="of training at every site, instead of the settings'")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--target", type=float, default=0.6, help="validation Dice whose first round is printed")
    parser.add_argument("--table", action="store_true", help="run nothing")
    options = parser.parse_args()
    document = json.loads(options.list.read_text())
    base = json.loads((options.base or options.list.parent / document["base"]).read_text())
    if options.start:
        base["start"] = str(options.start.resolve())
    if options.steps:
        base["training"]["steps"] = options.steps
    algorithms = [a for a in document["algorithms"] if not options.only or a["name"] in options.only]
    for seed in [] if options.table else options.seeds:
        data = options.data or options.out / f"data_seed_{seed}"
        if not data.exists():
            making = data.with_suffix(".part")
            subprocess.run([options.program, "phantom", "--profiles", str(ROOT / "sample_data/profiles"), "-o", str(making), "--seed", str(seed), "--quiet"], check=True)
            making.rename(data)
        for algorithm in algorithms:
            folder = options.out / f"seed_{seed}" / algorithm["name"]
            if not (folder / "results.json").exists():
                run_one(options.program, merged(base, {"models": ["federated"], **algorithm["set"]}), data, folder, seed)
    print_table(algorithms, options.out, options.seeds, options.target)


if __name__ == "__main__":
    main()
