"""What runs a teacher's network, at the speed of the machine, and always in the same batches."""
