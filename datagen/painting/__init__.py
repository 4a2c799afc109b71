"""Drawing one sample: warp, blend, shadow, mask."""
