"""A chain of gyms, simulated on this computer, to say what a day of it costs: `make chain`."""
