#!/usr/bin/env python3
"""Says which tests of a ctest JUnit file were skipped, and why: a skipped test is not a pass."""
import collections
import re
import sys
import xml.etree.ElementTree as tree


def main(path):
    reasons = collections.Counter()
    total = failed = 0
    for case in tree.parse(path).getroot().iter("testcase"):
        total += 1
        text = " ".join(filter(None, (node.text for node in case.iter() if node.tag in ("system-out", "skipped"))))
        if case.get("status") == "fail" or case.find("failure") is not None:
            failed += 1
        elif case.get("status") in ("notrun", "disabled") or case.find("skipped") is not None:
            found = re.search(r"Skipped\s*\n\s*([^\n]+)", text)
            reasons[found.group(1).strip() if found else "no reason given"] += 1
    skipped = sum(reasons.values())
    for reason, count in reasons.most_common():
        print(f"skipped {count}: {reason}")
    print(f"{total - failed - skipped} passed, {failed} failed, {skipped} skipped")


if __name__ == "__main__":
    main(sys.argv[1])
