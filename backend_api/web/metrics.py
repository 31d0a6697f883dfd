"""The backend's own figures, for Prometheus: requests, events, the queue, the cameras, and the clips' bytes.

Counting as things happen costs a dictionary look-up; everything else is read for each scrape.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from backend_api.base.clock import Clock
from backend_api.contract.verdicts import MmStatus
from backend_api.media.media import Media
from backend_api.media.usage import read_usage
from backend_api.store.events import Arrival, IngestOutcome
from backend_api.store.store import Store

_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# Reading a folder of 100,000 files takes a while, and no dashboard needs it to the second.
_USAGE_AGE_S = 60.0

AddArrivals = Callable[[Sequence[Arrival]], list[IngestOutcome]]


class Metrics:
    """The counters of one application."""

    def __init__(self, store: Store, media: Media, clock: Clock) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "gym_http_requests", "Requests answered.", ["route", "method", "status"], registry=self._registry
        )
        self._latency = Histogram(
            "gym_http_request_duration_seconds", "Seconds until a request was answered whole, by route and method.",
            ["route", "method"], buckets=_BUCKETS_S, registry=self._registry,
        )  # fmt: skip
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        events = Counter(
            "gym_events", "Events that arrived, by what became of them.", ["outcome"], registry=self._registry
        )
        self._outcomes = {outcome: events.labels(outcome.value) for outcome in IngestOutcome}
        self._registry.register(_Now(store, media, clock))

    def observe(self, route: str, method: str, status: int, duration_s: float) -> None:
        """Count an answered request."""
        children = self._children.get((route, method, status))
        if children is None:
            children = self._requests.labels(route, method, str(status)), self._latency.labels(route, method)
            self._children[route, method, status] = children
        children[0].inc()
        children[1].observe(duration_s)

    def counting(self, add_arrivals: AddArrivals) -> AddArrivals:
        """`add_arrivals`, whose outcomes are counted once they are on the disk."""

        def add_and_count(arrivals: Sequence[Arrival]) -> list[IngestOutcome]:
            outcomes = add_arrivals(arrivals)
            for outcome, counter in self._outcomes.items():
                counter.inc(outcomes.count(outcome))
            return outcomes

        return add_and_count

    def text(self) -> bytes:
        """Everything in Prometheus' text format. Raises StoreBusy and StoreFull."""
        return generate_latest(self._registry)


class _Now:
    """Everything that is read for each scrape."""

    def __init__(self, store: Store, media: Media, clock: Clock) -> None:
        self._store = store
        self._media = media
        self._clock = clock
        self._usage: tuple[float, int, int] | None = None

    def describe(self) -> list[Metric]:
        """Nothing, so that registering reads nothing."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The gauges."""
        queue = self._store.enrichments.queue()
        jobs = GaugeMetricFamily("gym_enrichments", "Questions to the model, by state.", labels=["status"])
        for status in MmStatus:
            jobs.add_metric([status.value], getattr(queue, status.value.lower()))
        yield jobs
        since = queue.oldest_pending_at
        yield GaugeMetricFamily(
            "gym_oldest_pending_seconds", "For how long the longest waiting question has been PENDING.",
            value=0.0 if since is None else max(0.0, (self._clock.now() - since).total_seconds()),
        )  # fmt: skip
        lag = GaugeMetricFamily(
            "gym_camera_report_age_seconds", "Seconds since the camera's last report.", labels=["store_id", "camera_id"]
        )
        waiting = GaugeMetricFamily(
            "gym_camera_outbox_events", "Events that wait at the camera's edge.", labels=["store_id", "camera_id"]
        )
        for names, age_s, outbox_depth in self._store.cameras.outboxes():
            lag.add_metric(names, age_s)
            waiting.add_metric(names, outbox_depth)
        yield from (lag, waiting)
        # A folder that cannot be read has no figure; all others have theirs, and /ready says why.
        with contextlib.suppress(OSError):
            clip_bytes, picture_bytes = self._media_bytes()
            size = GaugeMetricFamily(
                "gym_media_bytes", "Bytes in the media folder, a minute old at most.", labels=["kind"]
            )
            size.add_metric(["clip"], clip_bytes)
            size.add_metric(["picture"], picture_bytes)
            yield size

    def _media_bytes(self) -> tuple[int, int]:
        now_s = self._clock.monotonic_s()
        if self._usage is None or now_s - self._usage[0] > _USAGE_AGE_S:
            used = read_usage(self._media)
            clip_bytes = sum(files.clip_bytes for files in used.values())
            self._usage = now_s, clip_bytes, sum(files.size_bytes for files in used.values()) - clip_bytes
        return self._usage[1:]
