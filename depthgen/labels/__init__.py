"""A teacher's answers made into labels: of the composite, anchored to its background, in layers."""
