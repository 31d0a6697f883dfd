"""The API against its own description: whatever is sent, no 5xx, and no answer that the description does not name."""

import contextlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from backend_api.app import Settings, create_app
from backend_api.contract.cameras import CameraSetup
from backend_api.contract.corrections import UseCorrection, UseTruth
from backend_api.contract.verdicts import Agree
from backend_api.media.folder import MediaFolder
from backend_api.store.store import Store
from tests.backend_api.events import make_event, make_result
from tests.backend_api.fresh_store import fresh_store
from tests.backend_api.reports.test_sessions import make_session
from tests.fake_clock import FakeClock

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# A stream has no end of its own; test_stream.py holds it to its answers.
ENDLESS = {"/events/stream"}
EXAMPLES, THOROUGH = 4, 60


@schemathesis.serializer("application/x-ndjson", "video/mp4", "image/jpeg")
def as_it_is(_context: object, value: Any) -> bytes:  # noqa: ANN401
    """Bodies that are no JSON: text and bytes as they were generated."""
    return value if isinstance(value, bytes) else str(value).encode(errors="surrogatepass")


def fill(store: Store) -> None:
    """Something of everything: a machine in a setup, sessions, one of them corrected, verdicts, reviews."""
    machines = [{"machine_id": "bike_1", "name": "Bike 1", "zone": [[0, 0], [0.5, 0], [0.5, 0.5]]}]
    store.setups.keep(
        "cam_01", CameraSetup.model_validate({"store_id": "gym_demo", "machines": machines, "config": None})
    )
    store.events.add([make_event(), *make_session(1), *make_session(2)[:3]])
    for _ in range(2):
        claim = store.enrichments.claim(60)
        assert claim is not None
        assert store.enrichments.finish(claim, make_result())
        assert store.reviews.add(claim.event.event_id, Agree.YES, "", "Ann")
    store.corrections.add(make_session(2)[0].session_id, UseCorrection(truth=UseTruth.TWO_PEOPLE))


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder: Path = tmp_path_factory.mktemp("fuzzed")
    with closing(fresh_store(folder / "app.db", FakeClock())) as store:
        app = create_app(
            store, MediaFolder.open(folder / "media"), FakeClock(), Settings(allowed_hosts=("testserver",))
        )
        fill(store)
        yield schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["allowed", "forbidden"])
@pytest.mark.parametrize("examples", [EXAMPLES, pytest.param(THOROUGH, marks=pytest.mark.thorough)])
def test_every_answer_is_one_that_the_description_names(
    schema: Any,  # noqa: ANN401
    mode: GenerationMode,
    examples: int,
) -> None:
    tried = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path in ENDLESS:
            continue

        @given(operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        def answers_as_described(case: Any) -> None:  # noqa: ANN401
            case.call_and_validate(checks=CHECKS)

        # Nothing can be wrong with a call that takes nothing.
        with contextlib.suppress(Unsatisfiable):
            answers_as_described()
            tried += 1
    assert tried >= 20
