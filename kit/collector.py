"""CPython's garbage collector in a process that only serves."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

GC_THRESHOLDS = (50_000, 3, 3)
"""An answer is some thousand objects, all of which die by themselves: looking for circles every 700 finds nothing.

What falls out of a cache may be circles; these thresholds find them after some thousand.
"""


@contextmanager
def calm_collector() -> Iterator[None]:
    """Collect rarely, and never look again at what stands now; that stays in memory even if it is replaced later."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
