"""/stats/compliance and /reviews: compliance corrected by reviews, and which verdicts to review next."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from backend_api.contract.compliance import Compliance, DrawRequest, SuggestedReviews
from backend_api.contract.queries import ComplianceQuery
from backend_api.contract.values import NO_NUL
from backend_api.reports.reports import Reports
from backend_api.store.review_draws import Asked
from backend_api.web.bodies import read_json
from backend_api.web.conditional import NOT_MODIFIED, json_answer
from backend_api.web.openapi import json_body, problems
from backend_api.web.problems import ApiProblem

_MAX_REQUEST_BYTES = 4 * 1024
_BOTH = "give model and prompt_version, or neither: then they are those of the newest verdict"

OfModel = Annotated[str | None, Query(max_length=200, pattern=NO_NUL)]


def suggestion_routes(reports: Reports) -> APIRouter:
    """The router for corrected compliance and suggested reviews."""
    router = APIRouter()

    @router.get(
        "/stats/compliance",
        tags=["stats"],
        summary="Compliance, corrected",
        response_model=Compliance,
        responses={**NOT_MODIFIED, **problems(422, 503)},
    )
    def get_compliance(request: Request, query: Annotated[ComplianceQuery, Query()]) -> Response:
        """Compliance as the model sees it, and corrected for the mistakes that reviews find in its verdicts.

        - corrected = (apparent + specificity - 1) / (sensitivity + specificity - 1), of each model and prompt version
          (Rogan and Gladen, 1978); windows without an attempt count as not cleaned
        - sensitivity and specificity come from reviews of verdicts that were drawn at random within each verdict, and
          of complete days, weighted by how often each verdict was given (Begg and Greenes, 1983). Other reviews
          do not count: a choice of people is no random sample. So of the time that reviews were drawn from, corrected
          is the share that was really cleaned of each verdict, weighted by how often it was given
        - the 95 % interval holds the sampling of windows and of reviews: Jeffreys' posterior of each share, carried
          through the formula
        - too few reviews to say: one stands for more than 4 % of the verdicts, there are fewer than 5 of a verdict, or
          the interval would be wider than 0.5
        - windows with an attempt that has no verdict, or `cannot_tell`, are left out
        """
        return json_answer(request, reports.compliance(query).model_dump_json())

    @router.get(
        "/reviews/suggested",
        tags=["reviews"],
        summary="Verdicts to review",
        response_model=SuggestedReviews,
        responses={**NOT_MODIFIED, **problems(422, 503)},
    )
    def list_suggested(request: Request, model: OfModel = None, prompt_version: OfModel = None) -> Response:
        """The verdicts that were drawn and that nobody has reviewed yet, in the order in which they are proposed."""
        return json_answer(request, reports.suggested(_asked(model, prompt_version)).model_dump_json())

    @router.post(
        "/reviews/draws",
        tags=["reviews"],
        status_code=201,
        summary="Suggest more reviews",
        responses=problems(409, 413, 415, 422, 503, 507),
        openapi_extra=json_body("DrawRequest"),
    )
    async def post_draw(request: Request) -> SuggestedReviews:
        """Draws verdicts at random, more of those whose review narrows the interval of the compliance most.

        A verdict that was drawn stays on the list until it is reviewed: a part of it, chosen by somebody, would be no
        random sample.
        """
        wanted = await read_json(request, DrawRequest, _MAX_REQUEST_BYTES)
        return await run_in_threadpool(_draw, reports, wanted)

    return router


def _draw(reports: Reports, wanted: DrawRequest) -> SuggestedReviews:
    asked = _asked(wanted.model, wanted.prompt_version)
    if not reports.suggest(asked, wanted.count):
        raise ApiProblem(409, "every verdict that has a clip was suggested already; wait for new ones")
    return reports.suggested(asked)


def _asked(model: str | None, prompt_version: str | None) -> Asked | None:
    if (model is None) != (prompt_version is None):
        raise ApiProblem(422, _BOTH)
    return None if model is None or prompt_version is None else Asked(model, prompt_version)
