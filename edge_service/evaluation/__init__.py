"""Events held against what a person saw."""
