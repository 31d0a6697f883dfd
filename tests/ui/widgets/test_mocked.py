"""What is invented is called so, wherever people look at it."""

import pytest

from backend_api.contract.cameras import CameraStatus
from backend_api.contract.sessions import SessionOutcome
from tests.ui.app_driver import open_app, words
from tests.ui.gym import Gym
from tests.ui.made_up import make_camera
from ui.widgets.mocked import DETECTOR_BADGE, MODEL_BADGE, mocked_words


def test_cameras_are_named_or_counted_and_real_ones_are_left_alone() -> None:
    def cameras(*kinds: str | None) -> dict[str, str]:
        states = [make_camera(CameraStatus.UP, camera_id=f"cam_{n}", detector=kind) for n, kind in enumerate(kinds)]
        return mocked_words(states, None)

    assert cameras("onnx", None) == {}
    assert cameras("mock", "onnx")[DETECTOR_BADGE].startswith("Camera cam_0 invents its people")
    assert cameras("mock", "mock")[DETECTOR_BADGE].startswith("Cameras cam_0 and cam_1 invent their people")
    assert cameras(*["mock"] * 4)[DETECTOR_BADGE].startswith("4 cameras invent")
    assert mocked_words([], "qwen") == {}
    assert list(mocked_words([], "mock")) == [MODEL_BADGE]


@pytest.mark.parametrize("page", ["now", "cleaning", "review"])
@pytest.mark.parametrize("is_mocked", [True, False])
def test_pages_call_it_mocked(gym: Gym, page: str, *, is_mocked: bool) -> None:
    gym.report(detector="mock" if is_mocked else "onnx")
    event = gym.add_session(SessionOutcome.CLEANED, model="mock" if is_mocked else "qwen2.5vl:7b")
    said = words(open_app(page, **({"session": str(event.session_id)} if page == "review" else {})))
    assert (DETECTOR_BADGE in said, MODEL_BADGE in said) == (is_mocked, is_mocked)


def test_uses_of_a_mocked_detector_are_not_real(gym: Gym) -> None:
    gym.report(detector="mock")
    gym.add_session(SessionOutcome.IN_USE)
    assert DETECTOR_BADGE in words(open_app("usage"))


def test_a_gym_that_is_chosen_is_not_called_mocked_for_another_ones_camera(gym: Gym) -> None:
    for store_id, detector in (("alpha", "onnx"), ("beta", "mock")):
        gym.report(detector=detector, store_id=store_id)
        gym.add_session(SessionOutcome.CLEANED, store_id=store_id, model="qwen2.5vl:7b")
    for page in ("cleaning", "usage"):
        app = open_app(page, gym="alpha")
        assert DETECTOR_BADGE not in words(app)
        # Nothing need stand behind the names of one gym's machines, whatever those of another one are called.
        assert list(app.dataframe[-1].value["Machine"]) == ["treadmill_01"]
