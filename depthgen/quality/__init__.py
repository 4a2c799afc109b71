"""How far a label can be trusted, in numbers of one sample each."""
