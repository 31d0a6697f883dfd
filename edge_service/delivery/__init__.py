"""The network: events, clips and heartbeats on their way to the backend."""
