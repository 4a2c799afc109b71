"""What ``datagen verify`` checks: the plan alone, and every sample of a shard."""
