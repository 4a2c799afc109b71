"""A student in other forms: ONNX, eight bits, fewer weights; each beside the others."""
