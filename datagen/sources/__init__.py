"""Source pictures: which there are, what they are, and their pixels."""
