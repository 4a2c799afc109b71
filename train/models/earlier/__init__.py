"""The students of five earlier systems, as they were."""
