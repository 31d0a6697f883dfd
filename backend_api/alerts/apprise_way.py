"""The way by apprise: mail, ntfy, Telegram, Slack and some 130 other services, by its addresses.

Apprise says whether it arrived, and logs why not; Retry-After of a service it does not tell.
"""

import logging
import re
from urllib.parse import quote

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType

from backend_api.alerts.config import Target
from backend_api.alerts.way import Message, Reply, hide_secrets
from backend_api.base.process import UsageError, project_version

TIMEOUT_S = 60.0
_MAX_TEXT_LINES = 3

# Its lines name addresses: they are read from the results alone, and secrets taken out.
logging.getLogger("apprise").propagate = False
logging.getLogger("apprise").addHandler(logging.NullHandler())


class AppriseWay:
    """Raises UsageError, without the address, when apprise does not understand it."""

    def __init__(self, target: Target) -> None:
        self._target = target
        # Nothing is kept on the disk, and a picture is a file of ours alone: no address is fetched for it.
        asset = AppriseAsset(
            app_id="Gym machine events", app_desc=f"release {project_version()}", storage_mode="memory"
        )
        self._apprise = Apprise(asset=asset)
        if not self._apprise.add(_with_pictures_shown(target)):
            raise UsageError(
                f"apprise does not understand the url of target {target.name}; see "
                "https://github.com/caronc/apprise/wiki for how its service is written"
            )

    def send(self, message: Message) -> Reply:
        """As Way says."""
        kind = NotifyType.SUCCESS if message.is_good_news else NotifyType.WARNING
        formats = self._apprise[0].notify_format
        wants_html = NotifyFormat.HTML in (formats if isinstance(formats, tuple) else (formats,))
        result = self._apprise.notify(
            title=message.title,
            body=self._html(message) if wants_html else message.text,
            body_format=NotifyFormat.HTML if wants_html else NotifyFormat.TEXT,
            notify_type=kind,
            attach=[str(path) for path in message.pictures] or None,
            timeout=TIMEOUT_S,
        )
        with result:
            said = [entry.message for entry in result.logs()][-_MAX_TEXT_LINES:]
            if result:
                return Reply(True, f"accepted by {self._target.way}")
            why = hide_secrets(" ".join(said), self._target) or f"not accepted within {TIMEOUT_S:g} s"
        return Reply(False, why)

    def _html(self, message: Message) -> str:
        """With the pictures in it where it is a mail, as wide as the reader's screen at most."""
        if not _is_mail(self._target):
            return message.html
        style = "max-width:100%;height:auto"
        return message.html + "".join(
            f'<p style="margin:12px 0 0"><img src="cid:{quote(path.name)}" alt="" style="{style}"></p>'
            for path in message.pictures
        )


def _is_mail(target: Target) -> bool:
    return target.way in ("mailto", "mailtos")


def _with_pictures_shown(target: Target) -> str:
    """The address; a mail's pictures are named by its HTML, and are no attachments."""
    if not _is_mail(target) or re.search(r"[?&]inline=", target.url):
        return target.url
    return f"{target.url}{'&' if '?' in target.url else '?'}inline=yes"
