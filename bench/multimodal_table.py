#!/usr/bin/env python3
"""Runs the methods of sample_data/multimodal/methods.json, or of another list, and prints how well each does with every subset of the modalities.

  python3 bench/multimodal_table.py -o runs/multimodal --seeds 1 2 3               # phantoms: makes them, runs what is missing, prints
  python3 bench/multimodal_table.py -o runs/multimodal --seeds 1 --only aligned unaligned
  python3 bench/multimodal_table.py -o runs/sarcoma --list sample_data/multimodal/sarcoma.json --data DATA --seeds 1 --variants all ge_without_mr
  python3 bench/multimodal_table.py -o runs/multimodal --seeds 1 2 3 --table       # prints what is there

A list may have variants, which machines the sites own: each is run and printed apart. A run that was stopped goes on where it stopped. The first method of the list is compared with all others: paired over test cases of all seeds (the mean over the subsets that both can run on), Wilcoxon's
signed-rank test, two-sided, corrected by Holm; and subset by subset. Needs scipy (Debian: python3-scipy).
"""
import argparse
import json
import statistics
import subprocess
from collections import defaultdict
from pathlib import Path

from simulation_runs import merged, run_one

ROOT = Path(__file__).resolve().parent.parent


def read_run(folder):
    """Of each kind of model: (site, case, subset) -> mean Dice over regions. A single-site model is named by its site."""
    results = json.loads((folder / "results.json").read_text())
    kinds = {m["name"]: m["kind"] for m in results["models"]}
    scores = defaultdict(dict)
    for item in results["subsets"]:
        kind = kinds[item["model"]]
        name = f"single {item['model']}" if kind == "single" else kind
        scores[name][(item["site"], item["case"], tuple(item["channels"]))] = statistics.fmean(item["dice"].values())
    return scores, results


def read_all(methods, out, seeds):
    """label -> {(seed, site, case, subset): Dice}; the single-site models, the pooled and the federated one of a method stand apart."""
    table = {}
    for method in methods:
        for seed in seeds:
            folder = out / f"seed_{seed}" / method["name"]
            if not (folder / "results.json").exists():
                continue
            for kind, scores in read_run(folder)[0].items():
                label = method["label"] if kind in ("federated", "ensemble") else f"{method['label']}: {kind}"
                table.setdefault(label, {}).update({(seed, *key): value for key, value in scores.items()})
    return table


def subsets_of(table, modalities):
    found = {key[3] for scores in table.values() for key in scores}
    wanted = [s for s in found if modalities is None or s in modalities]
    return sorted(wanted, key=lambda s: (len(s), s))


def worst_of_sites(scores, subset):
    by_site = defaultdict(list)
    for (_, site, _, channels), value in scores.items():
        if channels == subset:
            by_site[site].append(value)
    return min((statistics.fmean(v) for v in by_site.values()), default=None)


def means(scores, subset):
    values = [value for key, value in scores.items() if key[3] == subset]
    return statistics.fmean(values) if values else None


def cell(value):
    return "-" if value is None else f"{value:.3f}"


def print_subsets(table, subsets, what, of):
    print(f"\n{what}\n")
    print("| model | " + " | ".join("+".join(s) for s in subsets) + " | mean |")
    print("| --- |" + " --- |" * (len(subsets) + 1))
    for label, scores in table.items():
        row = [of(scores, s) for s in subsets]
        mean = statistics.fmean(row) if all(v is not None for v in row) else None
        print(f"| {label} | " + " | ".join(map(cell, row)) + f" | {cell(mean)} |")


def print_sites(table, subsets, sites):
    print("\nMean Dice by the site whose test cases they are, and by the modalities that are given\n")
    print("| site | model | " + " | ".join("+".join(s) for s in subsets) + " | mean |")
    print("| --- | --- |" + " --- |" * (len(subsets) + 1))
    for site in sites:
        for label, scores in table.items():
            own = {key: value for key, value in scores.items() if key[1] == site}
            row = [means(own, s) for s in subsets]
            known = [v for v in row if v is not None]
            if known:
                print(f"| {site} | {label} | " + " | ".join(map(cell, row)) + f" | {cell(statistics.fmean(known) if len(known) == len(row) else None)} |")


def wilcoxon(differences):
    from scipy.stats import wilcoxon as test
    return 1.0 if all(d == 0 for d in differences) else float(test(differences, zero_method="wilcox", alternative="two-sided").pvalue)


def holm(values):
    order = sorted(range(len(values)), key=lambda n: values[n])
    result, most = [1.0] * len(values), 0.0
    for rank, n in enumerate(order):
        most = max(most, min(1.0, values[n] * (len(values) - rank)))
        result[n] = most
    return result


def compare(first, other, subsets):
    """Paired over cases: mean over the subsets that both were judged on."""
    by_case = defaultdict(list)
    for key, value in first.items():
        if key in other and key[3] in subsets:
            by_case[key[:3]].append(value - other[key])
    differences = [statistics.fmean(v) for v in by_case.values()]
    wins = sum(1 for s in subsets if means(other, s) is not None and means(first, s) is not None and means_on_common(first, other, s) > 0)
    judged = sum(1 for s in subsets if means(other, s) is not None)
    return differences, wins, judged


def means_on_common(first, other, subset):
    pairs = [first[key] - other[key] for key in first if key in other and key[3] == subset]
    return statistics.fmean(pairs) if pairs else 0


def print_comparison(table, subsets):
    labels = list(table)
    if len(labels) < 2:
        return
    first = table[labels[0]]
    rows = [(label, *compare(first, table[label], subsets)) for label in labels[1:]]
    rows = [row for row in rows if row[1]]
    corrected = holm([wilcoxon(row[1]) for row in rows])
    print(f"\n\"{labels[0]}\" minus another model, paired over cases\n")
    print("| against | cases | mean difference | better on | p (Wilcoxon, Holm) | subsets in which its mean is higher |")
    print("| --- | --- | --- | --- | --- | --- |")
    for (label, differences, wins, judged), p in zip(rows, corrected):
        better = sum(1 for d in differences if d > 0)
        print(f"| {label} | {len(differences)} | {statistics.fmean(differences):+.3f} | {better} | {p:.2g} | {wins} of {judged} |")


def print_alignment(methods, out, seeds):
    lines = []
    for method in methods:
        for seed in seeds:
            folder = out / f"seed_{seed}" / method["name"]
            if not (folder / "results.json").exists():
                continue
            for r in (read_run(folder)[1].get("alignment") or {}).get("retrieval", []):
                lines.append((method["label"], seed, f"{r['from']} -> {r['to']}", r["cases"], r["top1_before"], r["top1"], r["chance"]))
    if not lines:
        return
    print("\nRetrieval between modalities, top-1\n")
    print("| model | seed | modalities | cases | untrained | trained | chance | times chance |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for label, seed, pair, cases, before, after, chance in lines:
        print(f"| {label} | {seed} | {pair} | {cases} | {before:.2f} | {after:.2f} | {chance:.3f} | {after / chance:.1f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--program", default=str(ROOT / "build/bin/consilium"))
    parser.add_argument("--list", type=Path, default=ROOT / "sample_data/multimodal/methods.json")
    parser.add_argument("--data", type=Path, help="the sites' folders; without it phantoms are made from the profiles beside the list, others for each seed")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--only", nargs="+", default=[], help="methods")
    parser.add_argument("--variants", nargs="+", default=[])
    parser.add_argument("--table", action="store_true", help="run nothing")
    options = parser.parse_args()
    document = json.loads(options.list.read_text())
    base = merged(json.loads((options.list.parent / document["base"]).read_text()), document.get("set", {}))
    methods = [m for m in document["methods"] if not options.only or m["name"] in options.only]
    for variant in document.get("variants", [{"name": "", "set": {}}]):
        if options.variants and variant["name"] not in options.variants:
            continue
        if variant["name"]:
            print(f"\n## {variant['name']}\n")
        run_and_print(options, merged(base, variant["set"]), methods, options.out / variant["name"])


def run_and_print(options, base, methods, out):
    for seed in [] if options.table else options.seeds:
        data = options.data or out / f"data_seed_{seed}"
        if not data.exists():
            making = data.with_suffix(".part")
            subprocess.run([options.program, "phantom", "--profiles", str(options.list.parent / "profiles"), "-o", str(making), "--seed", str(seed), "--quiet"], check=True)
            making.rename(data)
        for method in methods:
            folder = out / f"seed_{seed}" / method["name"]
            if not (folder / "results.json").exists():
                run_one(options.program, merged(base, method["set"]), data, folder, seed)
    table = read_all(methods, out, options.seeds)
    modalities = base["training"]["model"].get("multimodal", {}).get("modalities", [])
    channels = iter(base["training"]["normalise"]["channels"])
    parts = [tuple(next(channels) for _ in range(m.get("channels", 1))) for m in modalities]
    wanted = {sum((p for n, p in enumerate(parts) if bits >> n & 1), ()) for bits in range(1, 1 << len(parts))} if parts else None
    subsets = subsets_of(table, wanted)
    print_subsets(table, subsets, "Mean Dice over all test cases, by the modalities that are given", means)
    print_subsets(table, subsets, "The worst site's mean Dice", worst_of_sites)
    print_sites(table, subsets, [s["name"] for s in base["sites"]])
    print_comparison(table, subsets)
    print_alignment(methods, out, options.seeds)


if __name__ == "__main__":
    main()
