"""The dead man's switch: asked while all is well, not otherwise, and its address is shown nowhere."""

import logging
import threading
from dataclasses import dataclass

import pytest

from backend_api.alerts.ping import PING_S, UNWELL, Ping, check_ping_url
from backend_api.base.process import UsageError
from backend_api.contract.alerts import AlertFacts, AlertKind
from backend_api.store.ledger.alerts import Thing
from backend_api.store.store import Store
from tests.backend_api.alerts.sinks import Reaction, http_sink
from tests.fake_clock import FakeClock

SECRET = "f0e1d2c3-0000"


@dataclass
class Looking:
    goes_on: bool = True

    def __call__(self) -> bool:
        return self.goes_on


def test_it_is_asked_while_all_is_well_and_not_otherwise(
    store: Store, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    looking = Looking()
    with http_sink() as sink:
        ping = Ping(f"{sink.url}/{SECRET}", store, looking, clock)
        ping.ping()
        assert len(sink.got) == 1
        for kind in sorted(UNWELL):
            thing = Thing(kind, "gym", "cam_01")
            store.alerts.change({thing: AlertFacts()}, [])
            ping.ping()
            ping.ping()
            assert kind in ping.trouble()
            store.alerts.change({}, [thing])
        store.alerts.change({Thing(AlertKind.TARGET_FAILED, "", "phone"): AlertFacts()}, [])
        assert len(sink.got) == 1
        looking.goes_on = False
        ping.ping()
        assert len(sink.got) == 1
        looking.goes_on = True
        ping.ping()
        assert len(sink.got) == 2
    assert "camera_silent" in caplog.text
    assert "is asked again" in caplog.text
    assert SECRET not in caplog.text
    # Each trouble is said once.
    assert len(caplog.records) == len(UNWELL) + 2


def test_an_address_that_answers_nothing_or_badly_is_said_once(
    store: Store, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    with http_sink(Reaction(503), Reaction(503), Reaction(None)) as sink:
        ping = Ping(f"{sink.url}/{SECRET}", store, Looking(), clock)
        for _ in range(4):
            ping.ping()
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "HTTP 503" in caplog.text
    assert SECRET not in caplog.text


def test_every_minute_until_it_is_stopped(store: Store, clock: FakeClock) -> None:
    stop = threading.Event()
    asked = 0

    def looks_again() -> bool:
        nonlocal asked
        asked += 1
        if asked == 3:
            stop.set()
        return False

    Ping("http://127.0.0.1:9", store, looks_again, clock).run(stop)
    assert clock.waits_s == [PING_S] * 4


def test_an_address_that_is_none_is_refused_without_being_shown() -> None:
    with pytest.raises(UsageError) as refusal:
        check_ping_url(f"hc-ping.com/{SECRET}")
    assert SECRET not in str(refusal.value)
    assert SECRET not in repr(refusal.value.__cause__)
