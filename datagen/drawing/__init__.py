"""Drawing samples: warp, blend, shadow, mask, and the shards that they go into."""
