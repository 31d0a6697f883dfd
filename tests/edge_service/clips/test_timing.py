"""How far back packets are kept, and how late an attempt is told."""

import pytest

from edge_service.clips.timing import ClipConfig, attempt_delay_s, reach_s
from edge_service.privacy.privacy_config import PrivacyConfig
from edge_service.rules.machine import RuleTimes


def test_reach_covers_the_slowest_rule_the_pre_roll_and_the_post_roll() -> None:
    quick, slow = RuleTimes(1, 1, 0.5, 10), RuleTimes(enter_s=30, exit_s=5, attempt_s=3, window_s=300)
    assert reach_s([quick, slow], ClipConfig(3, 5), fps=5) > 30 + 3
    assert reach_s([quick], ClipConfig(3, 60), fps=5) > 60 + 3


def test_what_comes_late_while_no_machine_is_in_use_counts_for_what_happens_then_alone() -> None:
    """Of eight cameras each second that is kept takes 3 MB."""
    rules, clip = [RuleTimes(enter_s=10, exit_s=5)], ClipConfig(pre_s=3, end_pre_s=15)
    late_s = 2 * 3.0
    assert reach_s(rules, clip, fps=5, kept_late_s=late_s) == reach_s(rules, clip, fps=5)
    of_starts = ClipConfig(pre_s=15, end_pre_s=15)
    assert reach_s(rules, of_starts, fps=5, kept_late_s=late_s) == reach_s(rules, of_starts, fps=5) + late_s


def test_how_late_an_attempt_may_be_told_follows_from_the_rules_and_the_clip() -> None:
    quick, slow = RuleTimes(attempt_s=3), RuleTimes(attempt_s=30)
    assert 30 < attempt_delay_s([quick, slow], ClipConfig(3, 5), fps=5) < 40
    assert 120 < attempt_delay_s([quick], ClipConfig(3, 120), fps=5) < 125
    masked = PrivacyConfig(mask="heads")
    assert attempt_delay_s([quick], ClipConfig(), fps=5, privacy=masked) > attempt_delay_s([quick], ClipConfig(), fps=5)


@pytest.mark.parametrize(
    ("clip", "least_s"),
    [
        (ClipConfig(), 15 + 5 + 3),  # the end of a use is known exit_s after it
        (ClipConfig(pre_s=60), 60 + 10 + 3),  # its beginning after enter_s
        (ClipConfig(pre_s=1, post_s=30, end_pre_s=2), 2 + 30),
    ],
)
def test_the_ring_reaches_back_to_where_each_clip_begins(clip: ClipConfig, least_s: float) -> None:
    assert least_s <= reach_s([RuleTimes()], clip, fps=5) <= least_s + 3
