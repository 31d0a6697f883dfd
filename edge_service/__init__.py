"""Video in, events and clips out."""
