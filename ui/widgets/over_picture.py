"""The style of zones over a camera's picture, which the floor and the zone editor have in common."""

from pathlib import Path

OVER_PICTURE_CSS = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
