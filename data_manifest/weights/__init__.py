"""Where a network's weights come from: a path, the cache, or a registry's package, by digest."""
