"""How far a student's answer is from the truth: losses by name, and sums of them."""
