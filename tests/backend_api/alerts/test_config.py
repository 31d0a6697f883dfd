"""alerts.yaml: defaults, what may stand in it, and mistakes that are named by line and key, without any secret."""

import re
from datetime import time
from pathlib import Path

import pytest

from backend_api.alerts.config import DEFAULT_ALERTS, AlertsConfig, Kinds, describe_limits, load_alerts
from backend_api.alerts.times import Hours
from backend_api.base.process import UsageError
from backend_api.contract.alerts import DIGESTS, AlertKind

SECRET = "geheim/4711"
HOOK_SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
ENVIRONMENT = {"TOKEN": SECRET, "HOOK_SECRET": HOOK_SECRET, "WEAK": "whsec_c2hvcnQ=", "URL": "ntfys://ntfy.sh/gym"}
WHOLE = """
dashboard_url: http://192.168.1.5:8501/
remind_after_h: 12
kinds:
  camera_silent: {after_min: 10}
  cap_reached: {on: false}
stores:
  - store_id: gym_a
    kinds: {window_uncleaned: {on: false}, camera_silent: {on: true}}
targets:
  - name: phone
    url: ntfys://ann:${TOKEN}@ntfy.example/gym
    kinds: [camera_silent, window_uncleaned]
    stores: [gym_a]
    hours: 06:00-23:00
    quiet: 22:00-07:00
    tz: Europe/Berlin
    pictures: false
    digest: {at: "07:30", pictures: true}
  - name: integrator
    webhook: https://example.org/hook
    secret: ${HOOK_SECRET}
  - name: plain
    url: ${URL}
  - name: mail
    url: mailto://127.0.0.1:2525?from=gym@example.org&to=ann@example.org
"""


def load(folder: Path, text: str) -> AlertsConfig:
    path = folder / "alerts.yaml"
    path.write_text(text, encoding="utf-8")
    return load_alerts(path, ENVIRONMENT)


def test_the_file_that_comes_along_has_the_defaults_and_no_target() -> None:
    assert load_alerts(DEFAULT_ALERTS, {}) == AlertsConfig()


def test_all_that_may_stand_in_it(tmp_path: Path) -> None:
    config = load(tmp_path, WHOLE)
    phone, integrator, plain, mail = config.targets
    assert mail.way == "mailto"
    assert phone.url == "ntfys://ann:geheim%2F4711@ntfy.example/gym"
    assert phone.way == "ntfys"
    assert phone.quiet == Hours(time(22), time(7))
    assert (phone.zone.key, phone.digest_at, phone.digest_has_pictures) == ("Europe/Berlin", time(7, 30), True)
    assert describe_limits(phone) == (
        "camera_silent, window_uncleaned; of gym_a; at 06:00-23:00; quiet at 22:00-07:00; a digest at 07:30 "
        "(Europe/Berlin)"
    )
    assert (integrator.way, integrator.secret) == ("webhook", b"0123456789abcdef0123456789abcdef")
    assert plain.url == "ntfys://ntfy.sh/gym"
    assert describe_limits(plain) == "everything"
    assert config.dashboard_url == "http://192.168.1.5:8501"
    assert config.remind_after_h == 12
    here, elsewhere = config.kinds("gym_a"), config.kinds("gym_b")
    assert not here.tells(AlertKind.WINDOW_UNCLEANED)
    assert elsewhere.tells(AlertKind.WINDOW_UNCLEANED)
    assert here.camera_silent.after_min == elsewhere.camera_silent.after_min == 10
    assert not config.kinds(None).tells(AlertKind.CAP_REACHED)


def test_every_kind_can_be_turned_off() -> None:
    assert set(Kinds.__dataclass_fields__) == {kind.value for kind in set(AlertKind) - DIGESTS}


TWICE = "targets: []\nstores:\n  - store_id: a\n    kinds: {}\n  - store_id: a\n    kinds: {}"
PHONE = "targets:\n  - name: phone\n    url: ntfys://ntfy.sh/gym\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("kinds: {}", 1, "targets is missing"),
        ("targets: []\nnonsense: 1", 2, "nonsense: unknown key; known here are targets, dashboard_url"),
        ("targets: []\nkinds:\n  camera_lost: {on: false}", 3, "kinds.camera_lost: unknown key"),
        ("targets: []\nkinds:\n  camera_silent: {after_min: 1}", 3, "after_min: is 1; must be at least 2"),
        ("targets: []\nkinds:\n  camera_silent: {on: maybe}", 3, "must be true or false"),
        ("targets: []\nremind_after_h: 0", 2, "remind_after_h: is 0; must be at least 1"),
        ("targets: []\ndashboard_url: 192.168.1.5", 2, "dashboard_url: it is '192.168.1.5', which is no address"),
        ("targets:\n  - name: a b\n    url: x://y", 2, "targets[0].name: 'a b' is no name"),
        ("targets:\n  - name: phone", 2, "targets[0]: needs one of url"),
        (PHONE + "    webhook: https://example.org\n    secret: ${HOOK_SECRET}", 2, "needs one of url"),
        (PHONE + "    secret: ${HOOK_SECRET}", 2, "a webhook needs a secret, and nothing else"),
        (PHONE + PHONE.removeprefix("targets:\n"), 4, "targets[1].name: phone is another target's name"),
        (PHONE + "    quiet: 22-7", 4, "quiet: '22-7' are no hours; write them like 22:00-07:00"),
        (PHONE + "    quiet: 22:00-22:00", 4, "are no hours"),
        (PHONE + "    tz: Berlin", 4, "there is no time zone 'Berlin'"),
        (PHONE + "    digest: {at: 10:30}", 4, "digest.at: must be text, not 630; put it in quotes"),
        (PHONE + "    digest: {at: '25:00'}", 4, "is no time of day"),
        (PHONE + "    kinds: []", 4, "kinds"),
        (PHONE + "    kinds: [camera_lost]", 4, "'camera_lost' is no kind of alert; known are camera_blind"),
        ("targets:\n  - {name: a, url: 'ntfy://ann:pass@host/x'}", 2, "holds a password; put it into the environment"),
        ("targets:\n  - {name: a, url: 'ntfy://${NOBODY}'}", 2, "variable NOBODY is not set"),
        ("targets:\n  - {name: a, webhook: 'https://x.org', secret: whsec_abc}", 2, "must come from the environment"),
        ("targets:\n  - {name: a, webhook: 'https://x.org', secret: '${WEAK}'}", 2, "24 to 64 bytes in base64"),
        ("targets:\n  - {name: a, webhook: 'https://x.org', secret: '${TOKEN}'}", 2, "is no secret of a webhook"),
        ("targets:\n  - {name: a, webhook: 'ftp://${TOKEN}', secret: '${HOOK_SECRET}'}", 2, "is no http or https"),
        (
            "targets: []\nstores:\n  - store_id: a\n    kinds: {}\n  - store_id: a\n    kinds: {}",
            5,
            "stands here twice",
        ),
        ("targets: []\ntargets: []", 2, "stands here a second time"),
        ("", 0, "is empty; it needs at least the section targets"),
    ],
)
def test_a_mistake_is_named_with_its_line_its_key_and_the_cure(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    with pytest.raises(UsageError) as refusal:
        load(tmp_path, text)
    said = str(refusal.value)
    assert words in said
    assert line == 0 or re.match(rf".*alerts\.yaml:{line}: ", said), said
    assert SECRET not in said
    assert "\n" not in said


def test_nothing_secret_is_shown_of_a_target(tmp_path: Path) -> None:
    shown = repr(load(tmp_path, WHOLE))
    assert "geheim" not in shown
    assert "0123456789" not in shown
    assert "ntfy.example" not in shown


def test_a_missing_file_is_named_with_its_flag(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--alerts"):
        load_alerts(tmp_path / "none.yaml", {})
