"""The doctor's checks: whether database and media folder keep their promises."""
