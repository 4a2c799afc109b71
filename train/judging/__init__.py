"""What a student is worth: baselines beside it, groups of samples, and the worst of them."""
