"""How good a student's answers are: metrics, and the earlier systems' figures."""
