import gc

from kit.collector import GC_THRESHOLDS, calm_collector


def test_the_collector_is_left_as_it_was() -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    with calm_collector():
        assert gc.get_threshold() == GC_THRESHOLDS
        assert gc.get_freeze_count() > before[1]
    assert gc.get_threshold() == before[0]
