"""A warning wherever people look at what a mocked detector or a mocked model invented."""

from collections.abc import Iterable

import streamlit as st

from backend_api.contract.cameras import MOCK_DETECTOR, CameraState
from backend_api.contract.sessions import Session
from backend_api.contract.verdicts import MOCK_MODEL
from ui.text.words import plain

DETECTOR_BADGE, MODEL_BADGE = "Mocked detector", "Mocked model"
# More cameras than these are a number.
_NAMED_CAMERAS = 3


def mocked_words(cameras: Iterable[CameraState], model: str | None) -> dict[str, str]:
    """The warnings, by badge, for `cameras` and for verdicts of `model`; none when both are real."""
    found = {}
    mocked = [camera.camera_id for camera in cameras if camera.detector == MOCK_DETECTOR]
    if mocked:
        invents = f"Camera {mocked[0]} invents its" if len(mocked) == 1 else f"{_named(mocked)} invent their"
        found[DETECTOR_BADGE] = f"{invents} people: uses, windows and attempts are not real."
    if model == MOCK_MODEL:
        found[MODEL_BADGE] = "Verdicts are invented: no model looks at the clips."
    return found


def mocked_badges(session: Session, cameras: Iterable[CameraState], model: str | None) -> list[str]:
    """What of a session is invented: by what its events say, or, where they do not, by its camera's present report."""
    if session.source is None:
        return list(mocked_words(cameras, model))
    return [*([DETECTOR_BADGE] if session.source.is_mocked else []), *mocked_words((), model)]


def show_mocked(cameras: Iterable[CameraState], model: str | None = None) -> None:
    """Draw the warnings, if there are any."""
    for badge, words in mocked_words(cameras, model).items():
        st.markdown(f":orange-badge[{badge}] {plain(words)}")


def _named(cameras: list[str]) -> str:
    if len(cameras) > _NAMED_CAMERAS:
        return f"{len(cameras)} cameras"
    return f"Cameras {', '.join(cameras[:-1])} and {cameras[-1]}"
