"""What can be told of a picture without looking at it."""

import numpy as np
import pytest

from backend_api.base.process import REPOSITORY
from edge_service.config import load_config
from edge_service.simulation.figure_picture import draw_figure
from edge_service.simulation.gym_picture import draw_gym
from edge_service.simulation.scenario import PERSON_HEIGHT, PERSON_WIDTH, Activity, Figure
from edge_service.video.frame import Image

MACHINES = load_config(REPOSITORY / "edge_service" / "sample_config.yaml").machines
WIDTH, HEIGHT = 1280, 720


def drawn(figure: Figure, time_s: float) -> Image:
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    draw_figure(image, figure, time_s)
    return image


def test_every_machine_changes_the_picture_in_its_zone_alone() -> None:
    without, gym = draw_gym([], WIDTH, HEIGHT), draw_gym(MACHINES, WIDTH, HEIGHT)
    changed = (without != gym).any(axis=2)
    for machine in MACHINES:
        left, right = (int(pick(x for x, _ in machine.zone) * WIDTH) for pick in (min, max))
        top, bottom = (int(pick(y for _, y in machine.zone) * HEIGHT) for pick in (min, max))
        assert changed[top:bottom, left:right].mean() > 0.8
        changed[top - 3 : bottom + 4, left - 3 : right + 4] = False
    assert not changed.any()


@pytest.mark.parametrize("activity", Activity)
def test_a_figure_fills_its_box_and_moves(activity: Activity) -> None:
    figure = Figure("somebody", (0.5, 0.9), activity)
    rows, columns = np.nonzero(drawn(figure, 0.0).any(axis=2))
    assert rows.max() / HEIGHT == pytest.approx(0.9, abs=0.03)
    assert rows.min() / HEIGHT == pytest.approx(0.9 - PERSON_HEIGHT, abs=0.03)
    assert columns.mean() / WIDTH == pytest.approx(0.5, abs=0.03)
    assert np.ptp(columns) / WIDTH < 2 * PERSON_WIDTH
    assert (drawn(figure, 0.0) != drawn(figure, 0.2)).any()


def test_a_cloth_is_seen_only_while_wiping() -> None:
    cloth = (120, 250, 250)
    seen = {
        activity: bool((drawn(Figure("somebody", (0.5, 0.9), activity), 0.1) == cloth).all(axis=2).any())
        for activity in Activity
    }
    assert seen == {Activity.WALKING: False, Activity.USING: False, Activity.WIPING: True}


def test_a_figure_beyond_the_edge_does_no_harm() -> None:
    assert not drawn(Figure("somebody", (-0.5, 0.9), Activity.WALKING), 0.0).any()
