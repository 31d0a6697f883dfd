"""What of a picture may be kept or sent: every one that leaves memory passes here."""
