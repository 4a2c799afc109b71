from data_manifest.bounded_cache import BoundedCache


def test_the_longest_unused_goes_first() -> None:
    cache: BoundedCache[str] = BoundedCache(100)
    cache.put("a", "A", 40)
    cache.put("b", "B", 40)
    assert cache.get("a") == "A"
    cache.put("c", "C", 40)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == ("A", None, "C")


def test_an_item_beyond_the_budget_is_kept_alone() -> None:
    cache: BoundedCache[str] = BoundedCache(100)
    cache.put("small", "s", 10)
    assert cache.put("huge", "h", 1000) == "h"
    assert (cache.get("huge"), cache.get("small")) == ("h", None)
    cache.put("next", "n", 10)
    assert (cache.get("huge"), cache.get("next")) == (None, "n")


def test_a_replaced_item_counts_once() -> None:
    cache: BoundedCache[str] = BoundedCache(100)
    for _ in range(20):
        cache.put("a", "A", 60)
    cache.put("b", "B", 40)
    assert cache.get("a") == "A" and cache.get("b") == "B"
