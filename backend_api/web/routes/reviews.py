"""Reviews over HTTP: people's opinions of the model's verdicts, and how far they agree with them."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from backend_api.contract.stats import AgreementList
from backend_api.contract.verdicts import Agree, Review, ReviewList, StoredReview
from backend_api.reports.reports import Reports
from backend_api.store.store import Store
from backend_api.web.bodies import read_json
from backend_api.web.caller import in_their_name
from backend_api.web.openapi import json_body, problems
from backend_api.web.problems import ApiProblem

_MAX_REVIEW_BYTES = 16 * 1024


def review_routes(store: Store, reports: Reports) -> APIRouter:
    """The router for reviews."""
    router = APIRouter(tags=["reviews"])

    @router.post(
        "/events/{event_id}/review",
        status_code=201,
        summary="Review a verdict",
        responses=problems(404, 409, 413, 415, 422, 503, 507),
        openapi_extra=json_body("Review"),
    )
    async def post_review(event_id: UUID, request: Request) -> StoredReview:
        """States whether the event's present verdict is right. Reviews are kept for ever; the latest counts.

        `withdrawn` takes the reviews of this verdict back: the event's `review` is null again, and agreement ignores
        them.
        """
        review = in_their_name(await read_json(request, Review, _MAX_REVIEW_BYTES))
        return await run_in_threadpool(_add, store, event_id, review)

    @router.get("/events/{event_id}/reviews", summary="An event's reviews", responses=problems(404, 422, 503))
    def list_reviews(event_id: UUID) -> ReviewList:
        """All of them, the oldest first."""
        found = store.reviews.history(event_id)
        if not found:
            _check_known(store, event_id)
        return ReviewList(items=found)

    @router.get("/stats/agreement", summary="Agreement of people and model", responses=problems(503))
    def get_agreement() -> AgreementList:
        """How far people agree with each model and prompt version.

        The latest review of a verdict says what was to be seen, unless it is unsure, and so judges the newest verdict
        of every model and prompt version on that event.

        Agreement: of the verdicts reviewed as right or wrong, the share found right. Sensitivity: of the attempts
        that people say cleaned, the share that the model called cleaned. Specificity: of the attempts that they say
        did not clean, the share that it called not cleaned. Kappa: agreement beyond chance (Cohen). Each with its
        95 % interval: Wilson's for the shares, Fleiss, Cohen and Everitt's for kappa.
        """
        return reports.agreement()

    return router


def _add(store: Store, event_id: UUID, review: Review) -> StoredReview:
    if not store.reviews.add(event_id, review.agree, review.note, review.who):
        _check_known(store, event_id)
        if review.agree is Agree.WITHDRAWN:
            raise ApiProblem(409, f"event {event_id} has no review to withdraw; look at /events/{event_id}/reviews")
        raise ApiProblem(409, f"event {event_id} has no verdict to review; wait until its mm.status is DONE")
    return store.reviews.history(event_id)[-1]


def _check_known(store: Store, event_id: UUID) -> None:
    if store.events.find(event_id) is None:
        raise ApiProblem(404, f"there is no event {event_id}; GET /events lists what there is")
