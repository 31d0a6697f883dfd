"""A process that writes alerts and tells them until it is killed: the one of the kill test.

It is given the database, the webhook's address and the number of its first alert, and says on standard output which
alerts it has written: `wrote 17`.
"""

import random
import sys
import threading
from pathlib import Path

from backend_api.alerts.config import AlertsConfig, Target
from backend_api.alerts.post_office import PostOffice, SendRetries
from backend_api.base.clock import SystemClock
from backend_api.contract.alerts import AlertFacts, AlertKind
from backend_api.media.folder import MediaFolder
from backend_api.store.ledger.alerts import Thing
from backend_api.store.ledger.messages import Pace
from backend_api.store.store import Store

KEY = 32 * b"k"
# What takes a minute in earnest takes milliseconds here, so that a kill meets every step.
PACE = Pace(gather_s=0.0, apart_s=0.0, lease_s=0.3)
EVERY_S = 0.01


def main() -> None:
    """Write an alert every EVERY_S, and tell all, for ever."""
    db, url, first = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    clock, stop = SystemClock(), threading.Event()
    store = Store.open(db, clock, create=True)
    config = AlertsConfig(targets=(Target("hook", url, is_webhook=True, secret=KEY),))
    retries = SendRetries(max_attempts=10_000, first_s=0.05, max_s=0.2)
    office = PostOffice(
        store, MediaFolder.open(db.parent / "media"), config, clock, random.Random(1),
        pace=PACE, retries=retries, poll_s=EVERY_S,
    )  # fmt: skip
    threading.Thread(target=office.run, args=(stop,), daemon=True).start()
    number = first
    while True:
        thing = Thing(AlertKind.CAMERA_SILENT, "gym", f"cam_{number}")
        store.alerts.change({thing: AlertFacts(camera_id=f"cam_{number}")}, [])
        sys.stdout.write(f"wrote {number}\n")
        sys.stdout.flush()
        number += 1
        clock.wait(stop, EVERY_S)


if __name__ == "__main__":
    main()
