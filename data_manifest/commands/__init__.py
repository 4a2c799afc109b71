"""What the three commands share: options, errors as sentences, progress, processes."""
