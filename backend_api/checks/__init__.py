"""What the doctor looks at: whether database and media folder keep their promises."""
