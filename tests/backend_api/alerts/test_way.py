"""The ways to targets: each says what the target answered, tells no secret, and comes back in time."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from email.message import Message as Headers
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from backend_api.alerts import apprise_way, webhook_way
from backend_api.alerts.apprise_way import AppriseWay
from backend_api.alerts.config import Target
from backend_api.alerts.post_office import open_way
from backend_api.alerts.way import Message, Way, hide_secrets
from backend_api.alerts.webhook_way import WebhookWay
from backend_api.base.clock import SystemClock
from backend_api.base.process import UsageError
from tests.backend_api.alerts.sinks import HttpSink, MailSink, Reaction, http_sink, mail_sink

SECRET = "tk_geheim4711"
KEY = b"0123456789abcdef0123456789abcdef"
MESSAGE = Message(
    id="msg_1_x",
    made_at=datetime(2026, 1, 31, 9, tzinfo=UTC),
    title="Bike 1 was left uncleaned",
    text="10:32 Bike 1 was left uncleaned: nobody tried",
    html="<p>10:32 Bike 1 was left uncleaned: nobody tried</p>",
    data={"type": "alerts", "data": {"alerts": [{"id": 1, "text": "Rückenstrecker"}]}},
)
# The smallest picture there is, as far as a mail program can tell.
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9"


def ntfy(sink: HttpSink) -> Target:
    url = sink.url.replace("http://", f"ntfy://ann:{SECRET}@")
    return Target("phone", f"{url}/gym", is_webhook=False, secrets=(SECRET,))


def webhook(sink: HttpSink) -> Target:
    return Target("hook", f"{sink.url}/{SECRET}", is_webhook=True, secret=KEY, secrets=(SECRET,))


@pytest.fixture(params=[ntfy, webhook])
def opened(request: pytest.FixtureRequest) -> Iterator[Callable[..., tuple[HttpSink, Way]]]:
    with ExitStack() as stack:

        def open_it(*reactions: Reaction) -> tuple[HttpSink, Way]:
            sink = stack.enter_context(http_sink(*reactions))
            return sink, open_way(request.param(sink), SystemClock())

        yield open_it


Opened = Callable[..., tuple[HttpSink, Way]]


def test_what_is_taken_is_a_yes(opened: Opened) -> None:
    sink, way = opened()
    assert way.send(MESSAGE).is_ok
    assert len(sink.got) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_a_refusal_says_its_status_and_no_secret(opened: Opened, status: int) -> None:
    _, way = opened(Reaction(status, f"no entry for {SECRET}".encode()))
    reply = way.send(MESSAGE)
    assert not reply.is_ok
    assert str(status) in reply.text
    assert SECRET not in reply.text
    assert "\n" not in reply.text
    assert not reply.is_final


def test_a_cut_connection_is_a_no_and_the_next_message_goes_through(opened: Opened) -> None:
    _, way = opened(Reaction(None), Reaction(200))
    reply = way.send(MESSAGE)
    assert not reply.is_ok
    assert reply.text
    assert SECRET not in reply.text
    assert way.send(MESSAGE).is_ok


def test_one_that_drips_is_not_waited_for_for_ever(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_way, "TOTAL_S", 1.0)
    monkeypatch.setattr(apprise_way, "TIMEOUT_S", 1.0)
    monkeypatch.setattr("backend_api.base.http_client.READ_TIMEOUT_S", 1.0)
    sink, way = opened(Reaction(drips=True))
    began_s = SystemClock().monotonic_s()
    reply = way.send(MESSAGE)
    sink.stop.set()
    assert not reply.is_ok
    assert SystemClock().monotonic_s() - began_s < 30
    assert SECRET not in reply.text


def test_nobody_at_the_address_is_a_no(opened: Opened) -> None:
    sink, way = opened()
    sink.stop.set()
    url = "http://127.0.0.1:9"
    target = (
        Target("hook", url, is_webhook=True, secret=KEY)
        if isinstance(way, WebhookWay)
        else Target("phone", "ntfy://127.0.0.1:9/gym", is_webhook=False)
    )
    reply = open_way(target, SystemClock()).send(MESSAGE)
    assert not reply.is_ok
    assert reply.text


def test_a_webhook_is_signed_as_standard_webhooks_says() -> None:
    with http_sink() as sink:
        WebhookWay(webhook(sink), SystemClock()).send(MESSAGE)
    [(headers, body)] = sink.got
    verified = Webhook("whsec_" + base64.b64encode(KEY).decode()).verify(body, _plain(headers))
    assert verified == MESSAGE.data
    assert headers["webhook-id"] == "msg_1_x"
    assert headers["Content-Type"] == "application/json"
    assert "Rückenstrecker" in body.decode()


def _plain(headers: Headers) -> dict[str, str]:
    return dict(headers.items())


def test_a_webhook_tells_when_to_come_back_and_when_never() -> None:
    later = Reaction(429, headers=[("Retry-After", "120")])
    with http_sink(later, Reaction(410)) as sink:
        way = WebhookWay(webhook(sink), SystemClock())
        assert way.send(MESSAGE).retry_after_s == 120
        assert way.send(MESSAGE).is_final


def test_a_redirect_is_not_followed() -> None:
    with http_sink() as other, http_sink(Reaction(302, headers=[("Location", other.url)])) as sink:
        assert not WebhookWay(webhook(sink), SystemClock()).send(MESSAGE).is_ok
    assert other.got == []


def mail_target(sink: MailSink) -> Target:
    url = f"mailto://127.0.0.1:{sink.port}?from=gym@example.org&to=manager@example.org"
    return Target("mail", url, is_webhook=False)


def test_a_mail_has_plain_text_and_html_and_its_pictures(tmp_path: Path) -> None:
    picture = tmp_path / "bike.jpg"
    picture.write_bytes(JPEG)
    with mail_sink() as sink:
        reply = AppriseWay(mail_target(sink)).send(replace(MESSAGE, pictures=(picture,)))
    assert reply.is_ok, reply
    [mail] = sink.got
    assert mail["Subject"] == "Bike 1 was left uncleaned"
    assert "manager@example.org" in mail["To"]
    kinds = [part.get_content_type() for part in mail.walk()]
    assert {"text/plain", "text/html", "image/jpeg"} <= set(kinds)
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().strip() == MESSAGE.text
    # They are shown where they stand, and not attached: each is named by what shows it.
    [shown] = [part for part in mail.walk() if part.get_content_type() == "image/jpeg"]
    html = mail.get_body(("html",))
    assert html is not None
    assert f'src="cid:{shown["Content-ID"].strip("<>")}"' in html.get_content()
    assert html.get_content().count("cid:") == 1
    assert shown.get_content_disposition() == "inline"


def test_a_mail_server_that_refuses_is_a_no() -> None:
    with mail_sink() as sink:
        sink.refusal = "552 mailbox full"
        reply = AppriseWay(mail_target(sink)).send(MESSAGE)
    assert not reply.is_ok
    assert reply.text


def test_ntfy_gets_title_and_text_with_the_password_as_authorization_alone() -> None:
    with http_sink() as sink:
        AppriseWay(ntfy(sink)).send(MESSAGE)
    [(headers, body)] = sink.got
    said = json.loads(body)
    assert (said["topic"], said["title"], said["message"]) == ("gym", MESSAGE.title, MESSAGE.text)
    assert headers["Authorization"].startswith("Basic ")


def test_an_address_that_apprise_does_not_know_is_refused_without_being_shown() -> None:
    with pytest.raises(UsageError, match="target phone") as refusal:
        AppriseWay(Target("phone", f"nosuch://ann:{SECRET}@host", is_webhook=False))
    assert SECRET not in str(refusal.value)


def test_secrets_are_hidden_in_every_form() -> None:
    target = Target("x", "ntfy://ann:p%40ss%2Fword@host/topic", is_webhook=False, secrets=("p@ss/word",))
    said = "failed: p@ss/word, p%40ss%2Fword and\nntfy://ann:p%40ss%2Fword@host/topic"
    assert "ss" not in hide_secrets(said, target)
    assert hide_secrets("plain words", target) == "plain words"
