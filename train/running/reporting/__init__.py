"""What a run reports: what lies ahead, numbers, panels and curves."""
