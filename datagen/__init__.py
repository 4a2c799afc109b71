"""Pictures to composites: sources, placement, blending, shards, statistics and views of them."""
