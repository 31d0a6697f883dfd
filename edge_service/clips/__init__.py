"""From packets to a clip, and from a rule event to its event."""
