"""The options of train's commands: ``fit`` of the one that trains, ``trained`` of all others."""
