"""A camera's black areas in the editor and in the file that an edge takes, and what it hides, in words."""

import yaml

from backend_api.contract.cameras import CameraSetupState
from edge_service.pipeline.camera_reports import describe_setup
from tests.backend_api.events import START
from tests.ui.setup.machines import BIKE, ROWER, make_machine
from tests.ui.setup.test_config_file import CONFIG, as_sent, loaded
from tests.zones import SQUARE
from ui.setup.config_file import new_config
from ui.setup.privacy import is_area, keeps_pictures, new_area, privacy_words, with_areas, zones_of
from ui.setup.zone_draft import id_of, new_draft, saved, with_corners

AREA = ((0.8, 0.1), (1.0, 0.1), (1.0, 0.5))
HIDING = f"{CONFIG}privacy: {{mask: heads, areas: [{[list(corner) for corner in AREA]}]}}\n"


def setup_of(config: str | None) -> CameraSetupState:
    return CameraSetupState(
        store_id="gym", camera_id="cam_01", machines=(BIKE,), config=config, reported_at=START, still_at=None
    )


def test_the_editor_has_the_areas_behind_the_machines() -> None:
    machine, area = zones_of(setup_of(as_sent(HIDING)))
    assert machine == BIKE
    assert (area.name, area.zone) == ("Black area 1", AREA)
    assert is_area(area.machine_id)
    assert zones_of(setup_of(None)) == zones_of(setup_of(CONFIG)) == (BIKE,)


def test_an_area_that_is_drawn_is_one_to_the_edge_and_no_machine() -> None:
    draft = new_draft(zones_of(setup_of(as_sent(HIDING))))
    drawn = with_corners(new_area(draft), SQUARE, is_open=False, source="picture")
    assert id_of(drawn) == "black_area_2"
    config = loaded(new_config(as_sent(HIDING), saved(drawn).machines))
    assert describe_setup("gym", config.machines, None).machines == (BIKE,)
    assert config.privacy.areas == (AREA, SQUARE)
    assert config.privacy.mask == "heads"


def test_an_area_that_is_deleted_is_gone_from_the_file() -> None:
    assert loaded(new_config(as_sent(HIDING), (BIKE, ROWER))).privacy.areas == ()


def test_a_file_that_hides_nothing_gets_no_section() -> None:
    assert "privacy" not in yaml.safe_load(new_config(as_sent(CONFIG), (BIKE,)))
    assert with_areas({}, (BIKE, make_machine("black_area_1"))) == {
        "privacy": {"areas": [[list(corner) for corner in make_machine("black_area_1").zone]]}
    }


def test_what_is_hidden_is_said() -> None:
    assert privacy_words(setup_of(None)) is None
    assert privacy_words(setup_of(CONFIG)) == "Nothing is hidden in this camera's pictures."
    assert privacy_words(setup_of(HIDING)) == "Heads are pixelated; 1 area is black."
    assert privacy_words(setup_of("privacy: {pictures: none}")) == "No pictures: events and figures alone."
    assert privacy_words(setup_of("privacy: {only_zones: true}")) == "All outside of the machines' zones is pixelated."


def test_a_camera_keeps_pictures_unless_it_says_otherwise() -> None:
    assert not keeps_pictures(setup_of("privacy: {pictures: none}"))
    for config in (None, "", "privacy: [", "privacy: {mask: heads}"):
        assert keeps_pictures(setup_of(config))
    # An edge that keeps its configuration back, for a password in it, says so all the same.
    silent = setup_of(None).model_copy(update={"keeps_pictures": False})
    assert not keeps_pictures(silent)
    assert privacy_words(silent) == "No pictures: events and figures alone."


def test_a_broken_file_has_no_areas() -> None:
    for config in ("privacy: [", "privacy: 3", "privacy: {areas: 3}", "privacy: {areas: [[[0, 0], [1, x]], 7]}", "[]"):
        assert zones_of(setup_of(config)) == (BIKE,)
        assert privacy_words(setup_of(config)) is not None
