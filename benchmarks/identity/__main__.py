"""`python -m benchmarks.identity`: precision and recall of linkage on three truth sets, at stated thresholds.

Febrl's sets 2 and 3, and generated Japanese records of five sources (`--records`). A pair is right if both records are
of one person. F1 is the harmonic mean of precision and recall.
"""

import argparse
import time
from collections import Counter
from collections.abc import Mapping, Sequence

from benchmarks.identity.sets import FEBRL, febrl, japanese
from benchmarks.system import machine
from services.customer.linkage.model import REVIEW_FROM, Link, Person
from services.customer.linkage.splinked import link

THRESHOLDS = (REVIEW_FROM, 0.9, 0.99, 0.999)


def true_pairs(truth: Mapping[str, str]) -> int:
    """How many pairs of records are of one person."""
    return sum(count * (count - 1) // 2 for count in Counter(truth.values()).values())


def measure(links: Sequence[Link], truth: Mapping[str, str], least: float) -> tuple[float, float]:
    """Precision and recall of the pairs with at least this probability."""
    found = [truth[one.left] == truth[one.right] for one in links if one.probability >= least]
    return sum(found) / max(len(found), 1), sum(found) / true_pairs(truth)


def show(name: str, people: Sequence[Person], truth: Mapping[str, str]) -> None:
    """A set's table."""
    begun = time.monotonic()
    links = link(people, least=REVIEW_FROM)
    seconds = time.monotonic() - begun
    print(f"\n{name}: {len(people):,} records, {true_pairs(truth):,} true pairs; linked in {seconds:.1f} s")
    print("| at least | precision | recall | F1 |\n|---|---|---|---|")
    for least in THRESHOLDS:
        precision, recall = measure(links, truth, least)
        both = 2 * precision * recall / max(precision + recall, 1e-9)
        print(f"| {least} | {precision:.4f} | {recall:.4f} | {both:.4f} |")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=50_000, help="generated Japanese records")
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    print(machine())
    for name in FEBRL:
        show(name, *febrl(name))
    show("Japanese, five sources", *japanese(given.records, given.seed))


if __name__ == "__main__":
    main()
