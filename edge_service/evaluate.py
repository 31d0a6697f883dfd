"""Entry script of the evaluation, `python edge_service/evaluate.py`: how right are the events, by what a person saw?"""

import argparse
import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from backend_api.base.environment import require_environment  # noqa: E402

require_environment()

from backend_api.base.api_key import find_api_key  # noqa: E402
from backend_api.base.arguments import ArgumentParser  # noqa: E402
from backend_api.base.process import EXIT_DONE, UsageError, run_process  # noqa: E402
from backend_api.contract.events import Event  # noqa: E402
from edge_service.evaluation.event_reader import read_events  # noqa: E402
from edge_service.evaluation.score import TOLERANCES_S, score  # noqa: E402
from edge_service.evaluation.score_report import to_json, to_table  # noqa: E402
from edge_service.evaluation.truth import Moment, Truth, load_truth  # noqa: E402

# Events around the looked-at time still belong to it, as far as the widest tolerance reaches.
_MARGIN_S = TOLERANCES_S[-1]
# The time stamps of one run agree with its media times to a millisecond; two runs begin at least a second apart.
_SAME_RUN_S = 0.5

log = logging.getLogger(__name__)

_FORMAT = """\
the truth is a YAML file of what a person saw, times in seconds from the video's first frame:

  duration_s: 120                    # how much of the video was looked at, from its start
  start_time: 2026-01-31T09:00:00Z   # optional: the edge's --start-time, which tells this run from others
  machines:                          # every machine that was looked at, also those that nobody used
    - machine_id: treadmill_01
      sessions:
        - {start_s: 2.5, end_s: 20.1, attempt_s: 27.0}   # attempt_s: somebody came back to wipe it
        - {start_s: 96.0, end_s: 120, left: false}       # left: false: still there when the video ended
    - machine_id: bike_01
      sessions: []

`python edge_service/sample.py --truth truth.yaml` writes that of the sample. Reported and true events are paired so
that as many as possible go together, and of all ways to do so the nearest. Lateness, and the events that are listed as
false or missed, are those within 5 s.

exit codes: 0 done, 2 wrong use or a mistake in a file, 1 anything else, such as a backend that does not answer"""


def main() -> int:
    """Read the flags, score, and write the table or the JSON to standard output."""
    flags = _make_parser().parse_args()
    truth = load_truth(flags.truth)
    margin = timedelta(seconds=_MARGIN_S)
    api_key = find_api_key(flags.api_key, os.environ)
    since = truth.start_time and truth.start_time - margin
    until = truth.start_time and truth.start_time + timedelta(seconds=truth.duration_s) + margin
    events = of_one_camera(read_events(flags.events, since, until, api_key), flags.camera_id)
    result = score(truth, comparable(to_moments(events, truth), truth))
    text = json.dumps(to_json(result), indent=2) if flags.json else to_table(result)
    sys.stdout.write(text + "\n")
    return EXIT_DONE


def of_one_camera(events: Sequence[Event], camera_id: str | None) -> list[Event]:
    """The events of the camera, or of the only one there is. Raises UsageError when there are several, or not it."""
    cameras = sorted({event.camera_id for event in events})
    if camera_id is None and len(cameras) > 1:
        raise UsageError(f"the events come from the cameras {', '.join(cameras)}; choose one with --camera-id")
    if camera_id is not None and events and camera_id not in cameras:
        raise UsageError(f"no event comes from the camera {camera_id}; there is {', '.join(cameras)}")
    return [event for event in events if camera_id in (None, event.camera_id)]


def to_moments(events: Sequence[Event], truth: Truth) -> list[Moment]:
    """`events` on the video's time line: by their time stamps when its start is known, else by their media times.

    Raises UsageError when the start is not known and the events are of several runs.
    """
    if truth.start_time is not None:
        return [
            Moment(event.machine_id, event.event_type, (event.ts - truth.start_time).total_seconds())
            for event in events
        ]
    starts = sorted(event.ts - timedelta(seconds=event.media_time_s) for event in events)
    if starts and (starts[-1] - starts[0]).total_seconds() > _SAME_RUN_S:
        raise UsageError(
            f"the events come from several runs, the first began {starts[0]:%Y-%m-%dT%H:%M:%SZ}, the last "
            f"{starts[-1]:%Y-%m-%dT%H:%M:%SZ}; choose one by writing its start_time into the truth"
        )
    return [Moment(event.machine_id, event.event_type, event.media_time_s) for event in events]


def comparable(moments: Sequence[Moment], truth: Truth) -> list[Moment]:
    """Those of `moments` that the truth speaks of; the number left out is logged."""
    unknown = Counter(moment.machine_id for moment in moments if moment.machine_id not in truth.machines)
    for machine_id, count in unknown.items():
        log.warning("%d events of %s are left out: the truth does not name that machine", count, machine_id)
    known = [moment for moment in moments if moment.machine_id in truth.machines]
    inside = [m for m in known if -_MARGIN_S <= m.time_s <= truth.duration_s + _MARGIN_S]
    if outside := len(known) - len(inside):
        log.warning("%d events are left out: they lie outside the %g s of the truth", outside, truth.duration_s)
    return inside


def _make_parser() -> ArgumentParser:
    parser = ArgumentParser(
        description="Hold the events of one camera against what a person saw in its video: precision, recall and F1\n"
        "by type within 1, 2 and 5 s, false events an hour, and how late events are.",
        epilog=_FORMAT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--events",
        required=True,
        metavar="FILE|URL",
        help="a file of events: JSON lines, an outbox that nothing was sent from, or the answer of GET /events; "
        "or a backend's address such as http://127.0.0.1:8000",
    )
    parser.add_argument("--truth", type=Path, required=True, metavar="FILE", help="what a person saw, see below")
    parser.add_argument(
        "--camera-id", metavar="ID", help="the camera to look at (default: the only one that the events come from)"
    )
    parser.add_argument(
        "--api-key",
        metavar="KEY",
        help="the backend's key; others may see it here, so better set GYM_API_KEY (default: none)",
    )
    parser.add_argument("--json", action="store_true", help="write JSON instead of the table (default: the table)")
    return parser


if __name__ == "__main__":
    run_process(main)
