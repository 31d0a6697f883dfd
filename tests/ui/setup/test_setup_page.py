"""The page Setup against a real backend: cameras, the queue, asking again, and the steps of the zone editor."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from backend_api.contract.cameras import CameraSetup
from backend_api.contract.sessions import SessionOutcome
from backend_api.contract.stores import StoreSettings
from backend_api.contract.verdicts import MmStatus, QueueState
from backend_api.store.db.settings import SettingName
from tests.ui.app_driver import click, labels, open_app, rerun, words
from tests.ui.gym import STORE, Gym
from tests.ui.setup.machines import BIKE, ROWER, TRIANGLE
from ui.client import cache
from ui.client.api import BackendApi
from ui.setup.verdict_queue import is_stuck, waiting_words
from ui.setup.zone_draft import ZoneDraft, choose, deleted, with_corners, with_words
from ui.text.local_time import Zone
from ui.text.words import plain

DRAFT = f"draft/{STORE}/cam_01"
WIDGETS = f"{STORE}/cam_01"
STILL = cv2.imencode(".jpg", np.full((90, 160, 3), 120, np.uint8))[1].tobytes()
SETUP = CameraSetup(store_id=STORE, machines=(BIKE, ROWER), config="machines: []\nclip: {pre_s: 2}\n")
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def with_camera(gym: Gym, setup: CameraSetup | None = SETUP, still: bytes | None = STILL) -> None:
    gym.report()
    if setup is not None:
        gym.set_up(setup)
    if still is not None:
        gym.store.setups.keep_still(STORE, "cam_01", still)


def open_setup(**address: str) -> AppTest:
    return open_app("setup", **address)


def put_draft(app: AppTest, draft: ZoneDraft) -> AppTest:
    app.session_state[DRAFT] = draft
    return rerun(app)


def draw_triangle(app: AppTest, name: str = "Leg press") -> AppTest:
    draft = with_corners(app.session_state[DRAFT], TRIANGLE, is_open=False, source="page")
    return put_draft(app, with_words(draft, name=name, machine_id=""))


def shown_file(app: AppTest) -> str:
    return str(app.code[-1].value)


def test_with_nothing_there_it_says_what_to_start(gym: Gym) -> None:
    said = words(open_setup())
    assert "No camera has reported yet" in said
    assert "python edge_service/main.py --video" in said
    assert "Nothing waits." in said
    assert "There is none before an edge has reported" in said


def test_cameras_are_up_late_or_gone_and_say_what_troubles_them(gym: Gym) -> None:
    with_camera(gym)
    gym.report("cam_02", ago_s=30, last_error="no *answer* within 10 s", outbox_depth=7)
    gym.report("cam_03", ago_s=3600)
    said = words(open_setup())
    for text in (
        ":green-badge[Up]",
        ":orange-badge[Late]",
        ":red-badge[Gone]",
        ":red-badge[Trouble]",
        "no *answer* within 10 s",
        "<dd>7 events</dd>",
        "<dd>Bike 1, Rower by the door</dd>",
        "<dd>30.0, of which 5.0 analysed</dd>",
        "The edge has stopped",
    ):
        assert text in said


def test_a_camera_that_ended_or_is_blind_says_so_and_one_that_will_not_return_is_forgotten(gym: Gym) -> None:
    gym.report("cam_01", ago_s=7200, has_ended=True, detector="mock")
    gym.report("cam_02", is_blind=True, last_error="a picture every 4 s")
    gym.report("cam_03", ago_s=7200)
    app = open_setup()
    said = words(app)
    for text in (":gray-badge[Ended]", "The video came to its end", ":red-badge[Blind]", "nothing is noticed", "Gone"):
        assert text in said
    assert "mock: invents people" in said
    assert f"forget-now-{STORE}-cam_02" not in [button.key for button in app.button]
    click(app, f"forget-now-{STORE}-cam_01")
    said = words(app)
    assert "cam\\_01" not in said
    assert "cam\\_03" in said


def test_a_queue_that_nobody_works_off_says_how_to(gym: Gym) -> None:
    gym.add_session(SessionOutcome.WAITING, ago_s=600, silent=True)
    gym.store.enrichments.note_blocked("the model's server is away: http://127.0.0.1:11434")
    app = open_setup()
    assert (app.metric[0].label, app.metric[0].value) == ("Waiting", "1")
    said = words(app)
    assert "python mm_worker/worker.py" in said
    assert "The last worker said: the model's server is away" in said


def test_what_failed_says_why_and_is_asked_again_one_by_one_or_all_at_once(gym: Gym) -> None:
    failed = [gym.add_session(SessionOutcome.FAILED, ago_s=1000 * (number + 1)) for number in range(3)]
    app = open_setup()
    assert words(app).count("the clip is damaged") == 3
    assert "3 failed questions" in [header.value for header in app.subheader]
    click(app, f"retry-{failed[1].event_id}")
    states = [
        row and row.mm and row.mm.status for row in map(gym.store.events.find, (event.event_id for event in failed))
    ]
    assert states == [MmStatus.DEAD, MmStatus.PENDING, MmStatus.DEAD]
    assert words(app).count("the clip is damaged") == 2
    click(app, "retry_all")
    assert "Ask again" not in labels(app)
    assert [metric.value for metric in app.metric] == ["3", "0", "0", "0"]


def test_a_question_that_somebody_else_asked_again_keeps_nobody_from_asking_the_others(gym: Gym) -> None:
    failed = [gym.add_session(SessionOutcome.FAILED, ago_s=1000 * (number + 1)) for number in range(2)]
    app = open_setup()
    gym.store.enrichments.retry(failed[0].event_id)
    click(app, "retry_all")
    assert "DEAD" in " ".join(warning.value for warning in app.warning)
    assert "Ask again" not in labels(app)


def test_an_edge_of_an_earlier_release_has_no_zones_and_all_else(gym: Gym) -> None:
    with_camera(gym, setup=None, still=None)
    gym.add_session(SessionOutcome.CLEANED)
    app = open_setup()
    assert "of an earlier release" in words(app)
    assert "<dd>treadmill_01</dd>" in words(app)
    assert ":green-badge[Up]" in words(app)


def test_without_a_still_it_says_how_one_comes_and_zones_can_be_drawn_in_numbers(gym: Gym) -> None:
    with_camera(gym, still=None)
    app = open_setup()
    assert "There is no picture of this camera yet" in app.info[0].value
    assert "Corners as numbers" in [expander.label for expander in app.expander]


def test_a_drawn_zone_becomes_a_machine_and_comes_into_the_file(gym: Gym) -> None:
    with_camera(gym)
    app = draw_triangle(open_setup())
    click(app, f"keep/{WIDGETS}")
    assert [machine.machine_id for machine in app.session_state[DRAFT].machines] == ["bike_01", "rower_01", "leg_press"]
    assert "machine_id: leg_press" in shown_file(app)
    assert "clip: {pre_s: 2}" in shown_file(app)
    assert "--camera-id cam_01 --store-id gym_demo --config cam_01.yaml" in words(app)


def test_the_steps_of_drawing(gym: Gym) -> None:
    with_camera(gym)
    app = draw_triangle(open_setup())
    click(app, f"undo/{WIDGETS}")
    assert app.session_state[DRAFT].edit.corners == TRIANGLE[:-1]
    assert app.button(key=f"keep/{WIDGETS}").disabled
    assert app.button(key=f"close/{WIDGETS}").disabled
    click(app, f"clear/{WIDGETS}")
    assert app.session_state[DRAFT].edit.corners == ()


def test_what_was_typed_into_the_table_is_not_lost_with_the_table(gym: Gym) -> None:
    with_camera(gym)
    app = open_setup()
    typed = with_corners(app.session_state[DRAFT], TRIANGLE, is_open=True, source="table")
    # As after the page could not be drawn for a while: the session has the draft, and no table of that number.
    app = put_draft(app, replace(typed, table=7))
    assert app.session_state[DRAFT].edit.corners == TRIANGLE


def test_what_is_wrong_with_a_zone_is_said_with_its_name(gym: Gym) -> None:
    with_camera(gym)
    app = draw_triangle(open_setup())
    crossed = ((0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9))
    app = put_draft(app, with_corners(app.session_state[DRAFT], crossed, is_open=False, source="page"))
    assert app.warning[0].value.startswith("Leg press crosses or touches itself")
    assert app.button(key=f"keep/{WIDGETS}").disabled
    small = ((0.5, 0.5), (0.51, 0.5), (0.5, 0.51))
    app = put_draft(app, with_corners(app.session_state[DRAFT], small, is_open=False, source="page"))
    assert "Is it large enough" in app.warning[0].value
    assert not app.button(key=f"keep/{WIDGETS}").disabled


def test_a_machine_is_chosen_renamed_and_deleted(gym: Gym) -> None:
    with_camera(gym)
    app = open_setup()
    app.selectbox(key=f"machine/{WIDGETS}/None/3").select("rower_01")
    app = rerun(app)
    app.text_input(key=f"name/{WIDGETS}/rower_01/False").input("Rower 2")
    app = rerun(app)
    click(app, f"keep/{WIDGETS}")
    assert "name: Rower 2" in shown_file(app)
    click(app, f"delete/{WIDGETS}")
    assert "rower_01" not in shown_file(app)
    assert "Discard, and begin with the edge's zones" in labels(app)
    click(app, f"again/{WIDGETS}")
    assert app.session_state[DRAFT].machines == (BIKE, ROWER)


def test_a_changed_zone_is_closed_and_all_changes_to_it_are_undone(gym: Gym) -> None:
    with_camera(gym)
    app = open_setup()
    app.selectbox(key=f"machine/{WIDGETS}/None/3").select("rower_01")
    app = rerun(app)
    assert f"drop/{WIDGETS}" not in [button.key for button in app.button]
    app = put_draft(app, with_corners(app.session_state[DRAFT], TRIANGLE, is_open=True, source="page"))
    click(app, f"close/{WIDGETS}")
    assert not app.session_state[DRAFT].edit.is_open
    assert app.button(key=f"close/{WIDGETS}").disabled
    click(app, f"drop/{WIDGETS}")
    assert app.session_state[DRAFT].edit.corners == ROWER.zone
    assert app.session_state[DRAFT].machines == (BIKE, ROWER)
    assert f"drop/{WIDGETS}" not in [button.key for button in app.button]


def save_gym(app: AppTest, **typed: str) -> AppTest:
    """Type into the form of the gym, and press Save."""
    for name, text in typed.items():
        app.text_input(key=f"store_{name}-{STORE}").input(text)
    (save,) = [button for button in app.button if button.label == "Save"]
    save.click()
    return rerun(app)


def test_a_gyms_form_is_saved_or_says_what_it_does_not_understand(gym: Gym) -> None:
    with_camera(gym)
    app = save_gym(open_setup(), name="Gym on Main Street", monday="06:00-22:00", tuesday="closed")
    assert [notice.value for notice in app.success] == [
        "Saved. The figures count these hours from now on, past days included."
    ]
    (kept,) = BackendApi(gym.url).stores().items
    assert kept.settings is not None
    assert kept.settings.name == "Gym on Main Street"
    assert kept.settings.hours is not None
    app = save_gym(app, monday="early")
    (error,) = [error.value for error in app.error]
    assert "Monday" in error
    assert BackendApi(gym.url).stores().items == [kept]


def test_without_any_machine_there_is_no_file(gym: Gym) -> None:
    with_camera(gym)
    app = open_setup()
    empty = deleted(choose(deleted(choose(app.session_state[DRAFT], "bike_01")), "rower_01"))
    assert "at least one machine" in words(put_draft(app, empty))


def test_an_edge_that_keeps_its_file_back_gets_the_section_alone(gym: Gym) -> None:
    with_camera(gym, SETUP.model_copy(update={"config": None}))
    app = click(draw_triangle(open_setup()), f"keep/{WIDGETS}")
    assert "does not send its file" in words(app)
    assert shown_file(app).startswith("machines:\n- machine_id: bike_01")
    assert "clip" not in shown_file(app)


def test_each_camera_has_a_draft_of_its_own_that_a_refresh_leaves_alone(gym: Gym) -> None:
    with_camera(gym)
    gym.report("cam_02")
    gym.set_up(SETUP.model_copy(update={"machines": (BIKE,)}), "cam_02")
    app = draw_triangle(open_setup(camera=f"{STORE}/cam_01"))
    app.selectbox(key="camera").select(f"{STORE}/cam_02")
    app = rerun(app)
    assert [machine.machine_id for machine in app.session_state[f"draft/{STORE}/cam_02"].machines] == ["bike_01"]
    app.selectbox(key="camera").select(f"{STORE}/cam_01")
    app = rerun(app)
    assert app.session_state[DRAFT].edit.corners == TRIANGLE
    assert app.text_input(key=f"name/{WIDGETS}/None/2").value == "Leg press"


def test_a_link_names_the_camera(gym: Gym) -> None:
    with_camera(gym)
    gym.report("cam_02")
    assert open_setup(camera=f"{STORE}/cam_02").selectbox(key="camera").value == f"{STORE}/cam_02"
    assert open_setup(camera="of/yesterday").selectbox(key="camera").value == f"{STORE}/cam_01"


def test_the_draft_follows_an_edge_that_watches_the_new_zones(gym: Gym) -> None:
    with_camera(gym)
    app = click(draw_triangle(open_setup()), f"keep/{WIDGETS}")
    drawn = app.session_state[DRAFT].machines
    gym.set_up(SETUP.model_copy(update={"machines": drawn}))
    app = rerun(app)
    assert app.session_state[DRAFT].is_untouched
    assert "No changes yet" in words(app)


def test_an_edge_that_came_to_watch_other_zones_meanwhile_is_spoken_of(gym: Gym) -> None:
    with_camera(gym)
    app = click(draw_triangle(open_setup()), f"keep/{WIDGETS}")
    gym.set_up(SETUP.model_copy(update={"machines": (BIKE,)}))
    app = rerun(app)
    assert "zones have changed" in app.warning[0].value
    assert len(app.session_state[DRAFT].machines) == 3


@pytest.mark.parametrize(
    ("waited_s", "processing", "stuck"), [(119, 0, False), (121, 0, True), (121, 1, False), (None, 0, False)]
)
def test_a_queue_is_stuck_when_its_oldest_question_waits_and_none_is_asked(
    waited_s: float | None, processing: int, stuck: bool
) -> None:
    oldest = None if waited_s is None else NOON - timedelta(seconds=waited_s)
    queue = QueueState(pending=1, processing=processing, done=0, dead=0, oldest_pending_at=oldest)
    assert is_stuck(queue, NOON) is stuck
    said = waiting_words(queue, NOON, Zone.from_name("Europe/Berlin"))
    assert said == "Nothing waits." if waited_s is None else "The oldest has waited for" in said


def test_old_clips_that_wait_for_a_word_are_told_with_the_command(gym: Gym) -> None:
    gym.report()
    app = open_app("setup")
    assert "Storage" not in words(app)
    gym.store.settings.keep(SettingName.REMOVAL_HELD_BACK, "the clips of 8 of 9 events are too old")
    rerun(app)
    assert "Storage" in words(app)
    (warning,) = [text.replace("\\", "") for text in (shown.value for shown in app.warning) if "Old clips" in text]
    assert "The clips of 8 of 9 events are too old: nothing of that is removed" in warning
    assert "python backend_api/doctor.py" in warning
    gym.store.settings.keep(SettingName.REMOVAL_HELD_BACK, None)
    assert "Storage" not in words(rerun(app))


def test_a_backend_that_cannot_store_is_told_with_its_reason(gym: Gym) -> None:
    gym.report()
    app = open_app("setup")
    gym.media.folder.rename(gym.media.folder.with_name("elsewhere"))
    rerun(app)
    (error,) = [error.value for error in app.error]
    assert "cannot store anything" in error
    assert "annot write the media folder" in error
    gym.media.folder.with_name("elsewhere").rename(gym.media.folder)
    assert not rerun(app).error


def test_it_says_who_described_a_gym_and_when(gym: Gym) -> None:
    with_camera(gym)
    assert "Changed" not in words(app := open_setup())
    settings = StoreSettings(name="Am Markt", tz="Europe/Berlin")
    for by in ("Ada *Lovelace*", None):
        kept = gym.store.stores.keep(STORE, settings, by)
        assert kept.changed_at is not None
        cache.forget_answers()
        at = Zone.from_name(None).full(kept.changed_at)
        assert plain(f"Changed by {by} at {at}." if by else f"Changed at {at}.") in words(rerun(app))
