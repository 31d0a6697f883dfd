"""One colour for each thing that a window came to, the same in charts and lists."""

from ui.cleaning.breakdown import KINDS
from ui.widgets.charts import Ink


def kind_colors(colors: Ink) -> dict[str, str]:
    """The colour of each of KINDS, in their order."""
    return dict(zip(KINDS, (colors.good, colors.missing, colors.bad, colors.unsure, colors.waiting), strict=True))
