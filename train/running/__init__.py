"""A run: its folder, its checkpoints, and the loop that goes on from any of them."""
