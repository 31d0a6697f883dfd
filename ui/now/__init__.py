"""The parts of the page Now: what needs attention, the day in figures, and a card a machine."""
