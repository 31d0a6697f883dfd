"""The health of a camera's edge, in words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from backend_api.contract.cameras import MOCK_DETECTOR, CameraState, CameraStatus, DecoderReport, NetworkReport
from backend_api.contract.stats import CameraFigures
from ui.text.local_time import Zone
from ui.text.words import Colour, counted, duration, percent

STATUS_WORDS = {
    CameraStatus.UP: "Up",
    CameraStatus.BLIND: "Blind",
    CameraStatus.NO_SIGNAL: "No signal",
    CameraStatus.LATE: "Late",
    CameraStatus.GONE: "Gone",
    CameraStatus.ENDED: "Ended",
}
STATUS_COLOURS: dict[CameraStatus, Colour] = {
    CameraStatus.UP: "green",
    CameraStatus.LATE: "orange",
    CameraStatus.GONE: "red",
    CameraStatus.BLIND: "red",
    CameraStatus.NO_SIGNAL: "red",
    CameraStatus.ENDED: "gray",
}


ADVICE = {
    CameraStatus.GONE: "The edge has stopped or cannot reach the backend. Read the end of its log, and start it again.",
    CameraStatus.BLIND: "Pictures come, but none of them is analysed, or too few for the rules: nothing is noticed. "
    "The edge's log says why.",
    CameraStatus.NO_SIGNAL: "The edge runs, but its camera sends no pictures: nothing is noticed. Look at the "
    "camera, its power, network and password; the edge tries again by itself.",
    CameraStatus.ENDED: "The video came to its end, and the edge stopped. Forget the camera if it is not to return.",
}
"""What a status means, and what to do, where that needs saying."""
_NO_FRAMES = {
    CameraStatus.GONE: "none: it is silent",
    CameraStatus.NO_SIGNAL: "none: no signal",
    CameraStatus.ENDED: "none: the video has ended",
}
_RUNTIMES = {"cpu": "the processor (CPU)", "cuda": "the graphics card (CUDA)", "openvino": "OpenVINO"}
# As many as figures are of where nobody says.
CORRECTED_DAYS = 7
UNTOLD: Final = "untold"
"""In the place of figures that are not to be had."""
# Between groups of three digits.
NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class ReportPair:
    """A camera's last two reports that differ; `before` is None while there has been one."""

    now: CameraState
    before: CameraState | None = None

    def then(self, state: CameraState) -> "ReportPair":
        """The pair after `state` has come."""
        return (
            ReportPair(state, self.before) if state.reported_at == self.now.reported_at else ReportPair(state, self.now)
        )


@dataclass(frozen=True, slots=True)
class Rates:
    """Frames a second: delivered by the camera, and analysed of them."""

    delivered: float
    processed: float


def rates(pair: ReportPair) -> Rates | None:
    """Between the two reports, or since the edge started when there is one alone; None when no time went by."""
    now, before = pair.now, pair.before
    if before is None or before.started_at != now.started_at:
        return _rates(now.frames_captured, now.frames_processed, now.started_at, now.reported_at)
    return _rates(
        now.frames_captured - before.frames_captured,
        now.frames_processed - before.frames_processed,
        before.reported_at,
        now.reported_at,
    )


def _rates(delivered: int, processed: int, since: datetime, until: datetime) -> Rates | None:
    seconds = (until - since).total_seconds()
    return Rates(max(0, delivered) / seconds, max(0, processed) / seconds) if seconds > 0 else None


def health_facts(
    pair: ReportPair,
    machines: Sequence[str],
    zone: Zone,
    corrected: CameraFigures | Literal["untold"] | None = None,
) -> Mapping[str, str]:
    """The facts of a camera that watches `machines`, as label and text, in the order in which they are read.

    `corrected` tells how many uses of the last CORRECTED_DAYS people corrected; None where there were none.
    """
    state = pair.now
    return {
        "Frames a second": _frames(pair),
        "Skipped": _skipped(state),
        "Waiting to be sent": counted(state.outbox_depth, "event"),
        "Machines": ", ".join(machines) or "none known",
        f"Uses corrected in {CORRECTED_DAYS} days": _corrected(corrected),
        "Last seen": f"{duration(round(state.age_s))} ago, {zone.clock(state.reported_at)}",
        "Running for": duration(max(0.0, round((state.reported_at - state.started_at).total_seconds()))),
        "Detector": _detector(state),
        **({} if state.network is None else {"Network": _network(state.network)}),
        **({} if state.decoder is None else {"Decoding": _runs_on(state.decoder)}),
        "Version": state.version,
    }


def _corrected(found: CameraFigures | Literal["untold"] | None) -> str:
    if found == UNTOLD:
        return "not told of all gyms together: choose one"
    if found is None or found.corrected_share is None:
        return "none was reported"
    return f"{found.sessions_corrected} of {found.sessions_reported}, {percent(found.corrected_share)}"


def _frames(pair: ReportPair) -> str:
    if pair.now.status in _NO_FRAMES:
        return _NO_FRAMES[pair.now.status]
    found = rates(pair)
    return "not known yet" if found is None else f"{found.delivered:.1f}, of which {found.processed:.1f} analysed"


def _detector(state: CameraState) -> str:
    if state.detector == MOCK_DETECTOR:
        return "mock: invents people"
    return state.detector or "not told: the edge is of an earlier release"


def _network(network: NetworkReport) -> str:
    """In which size, how fast, on what, and why not on what was wanted."""
    took = "" if network.frame_ms is None else f", {network.frame_ms:.1f} ms a frame"
    return f"{network.width}x{network.height} pixels{took}, {_runs_on(network)}"


def _runs_on(told: DecoderReport) -> str:
    why_not = "" if told.why_not is None else f" ({told.why_not})"
    return f"on {_RUNTIMES.get(told.runs_on, told.runs_on)}{why_not}"


def _skipped(state: CameraState) -> str:
    if not state.frames_captured:
        return "no frame has come yet"
    share = percent(state.frames_skipped / state.frames_captured)
    return f"{share} of {state.frames_captured:,} frames".replace(",", NARROW_SPACE)
