"""The loop over claimed events: leases, retries, and when to leave a model alone."""
