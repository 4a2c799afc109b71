"""Foregrounds out of photos: the network, its matte, clean edges, and what to reject."""
