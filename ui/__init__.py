"""The operator's dashboard, over HTTP alone."""
