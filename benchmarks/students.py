"""Students at the same wall-clock budget, on pictures that they never saw.

Usage: python benchmarks/students.py [--minutes 5] [--seeds 3] [--only NAME,NAME] [--n 2]
       [FOLDER with bgs/ and fgs/]
"""
