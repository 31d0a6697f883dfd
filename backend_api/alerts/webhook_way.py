"""The way by a webhook: JSON that is signed as Standard Webhooks says (standardwebhooks.com, specification 1.0)."""

import json

from standardwebhooks import Webhook

from backend_api.alerts.config import Target
from backend_api.alerts.way import Message, Reply, hide_secrets
from backend_api.base.backoff import retry_after_s
from backend_api.base.clock import Clock
from backend_api.base.http_client import HttpClient, NoAnswer

TOTAL_S = 20.0
_MAX_ANSWER_BYTES = 64 * 1024
_SHOWN_CHARACTERS = 200
# "The endpoint is gone and no longer wants to receive webhooks."
_GONE = 410


class WebhookWay:
    """Posts to the target's address. Any 2xx is a yes; redirects are not followed."""

    def __init__(self, target: Target, clock: Clock) -> None:
        self._target = target
        self._clock = clock
        self._webhook = Webhook(target.secret)
        self._http = HttpClient(
            target.url,
            clock,
            source=f"the webhook of target {target.name}",
            total_s=TOTAL_S,
            max_bytes=_MAX_ANSWER_BYTES,
            connections=1,
        )

    def send(self, message: Message) -> Reply:
        """As Way says."""
        body = json.dumps(dict(message.data), ensure_ascii=False, separators=(",", ":"))
        now = self._clock.now()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(message.id, now, body),
        }
        try:
            answer = self._http.request("POST", "", body=body.encode(), headers=headers)
        except NoAnswer as error:
            return Reply(False, hide_secrets(str(error), self._target))
        said = answer.body.decode("utf-8", "replace")[:_SHOWN_CHARACTERS]
        text = hide_secrets(f"HTTP {answer.status} {said}", self._target)
        if 200 <= answer.status < 300:
            return Reply(True, text)
        return Reply(False, text, retry_after_s(answer.retry_after, now), is_final=answer.status == _GONE)
