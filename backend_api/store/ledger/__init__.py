"""The ledger of alerts: what is to be told, and the messages that tell it."""
