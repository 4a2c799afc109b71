"""Students by name, a file each. All take (bg, fg_bg) and give (mask_logits, depth)."""
