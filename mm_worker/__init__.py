"""The vision-language model's verdicts on cleaning attempts."""
