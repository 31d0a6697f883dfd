"""All layouts that are known, and which one a network has."""

from collections.abc import Callable

from edge_service.detection import layout_end_to_end, layout_rfdetr, layout_rtdetr, layout_yolov8, layout_yolox
from edge_service.detection.layout import Layout, Probe

# YOLOX comes first: with a single class its rows are as long as those of an end-to-end network, but one for each cell.
_FAMILIES: list[tuple[str, Callable[[Probe], Layout | None]]] = [
    (family.LOOKS_LIKE, family.recognise)
    for family in (layout_yolox, layout_end_to_end, layout_yolov8, layout_rtdetr, layout_rfdetr)
]


def recognise(probe: Probe) -> Layout:
    """The layout of the network that `probe` is from. Raises ValueError that says what it is, and what is known."""
    for _, recognise_family in _FAMILIES:
        if layout := recognise_family(probe):
            return layout
    found = ", ".join(f"{name} {list(output.shape)}" for name, output in probe.outputs.items())
    known = "; ".join(looks_like for looks_like, _ in _FAMILIES)
    raise ValueError(f"its outputs for {probe.width}x{probe.height} pixels are {found}; known are {known}")
