"""By which eyes the uses in figures were found: said where there is more to say than that they were always the same."""

from collections import Counter, defaultdict
from collections.abc import Iterable

import streamlit as st

from backend_api.contract.sources import EventSource
from backend_api.contract.stats import SourceFigures, Stats
from ui.text.words import counted, detector_words, plain


def show_sources(found: Stats) -> None:
    """Draw what there is to say."""
    for line in source_lines(found.sources):
        st.caption(plain(line))


def source_lines(sources: Iterable[SourceFigures]) -> list[str]:
    """Invented uses, more than one detector, and, of one camera, more than one configuration; none when all is one."""
    sources = list(sources)
    return [*_mocked(sources), *_detectors(sources), *_configurations(sources)]


def detectors_of(sources: Iterable[SourceFigures]) -> str:
    """The detectors by which uses were found, for a cell of a table."""
    return "; ".join(dict.fromkeys(detector_words(each.source) for each in sources))


def _mocked(sources: list[SourceFigures]) -> list[str]:
    mocked = sum(each.sessions_reported for each in sources if each.source is not None and each.source.is_mocked)
    if not mocked:
        return []
    total = sum(each.sessions_reported for each in sources)
    return [f"{mocked} of {counted(total, 'use')} in these figures were invented by a mocked detector."]


def _detectors(sources: list[SourceFigures]) -> list[str]:
    uses: Counter[tuple[str, str | None]] = Counter()
    words = {}
    for each in sources:
        key = _detector(each.source)
        uses[key] += each.sessions_reported
        words[key] = detector_words(each.source)
    if len(uses) < 2:
        return []
    parts = ", ".join(f"{words[key]} ({counted(number, 'use')})" for key, number in uses.most_common())
    return [f"These figures are of more than one detector, and may differ for that alone: {parts}."]


def _configurations(sources: list[SourceFigures]) -> list[str]:
    of_camera: dict[tuple[str, str], set[str | None]] = defaultdict(set)
    for each in sources:
        if each.source is not None:
            of_camera[each.store_id, each.camera_id].add(each.source.config_sha256)
    return [
        f"Camera {camera_id} had {len(configs)} configurations in this time: its zones, rules or detector's settings "
        "were changed, and figures may differ for that alone."
        for (_, camera_id), configs in sorted(of_camera.items())
        if len(configs) > 1
    ]


def _detector(source: EventSource | None) -> tuple[str, str | None]:
    return ("", None) if source is None else (source.detector, source.weights_sha256)
