"""The gym that the dashboard's tests see is what they say it is, and the dashboard understands all of it."""

from backend_api.contract.cameras import CameraStatus
from backend_api.contract.queries import SessionQuery
from backend_api.contract.sessions import MachineState, SessionOutcome
from tests.ui.gym import Gym
from ui.client.api import BackendApi


def test_each_session_comes_to_its_outcome(gym: Gym) -> None:
    api = BackendApi(gym.url)
    wanted = [outcome for outcome in SessionOutcome if outcome is not SessionOutcome.WAITING] + [SessionOutcome.WAITING]
    last = {outcome: gym.add_session(outcome, machine_id=f"machine_{outcome}") for outcome in wanted}
    found = {session.outcome: session for session in api.sessions(SessionQuery(limit=20)).items}
    assert found.keys() == last.keys()
    for outcome, event in last.items():
        assert found[outcome].session_id == event.session_id
        assert api.session_events(found[outcome])[-1].event_id == event.event_id


def test_a_camera_that_fell_silent(gym: Gym) -> None:
    gym.add_session(SessionOutcome.IN_USE, ago_s=600, silent=True)
    gym.report(ago_s=90)
    assert [camera.status for camera in BackendApi(gym.url).cameras().items] == [CameraStatus.GONE]
    assert [machine.state for machine in BackendApi(gym.url).machines().items] == [MachineState.UNKNOWN]
