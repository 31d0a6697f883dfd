"""One call goes past the framework's router, whose steps for a request take half as long as storing an event does."""

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from backend_api.web.problems import PROBLEMS, answer_problem


class Shortcut:
    """Hands what is asked of `route` to its endpoint, a coroutine that takes the request alone, and all else to `app`.

    `route` is a part of `app` as well, which describes it, and says what else its address allows.
    """

    def __init__(self, app: ASGIApp, route: APIRoute) -> None:
        self._app = app
        self._route = route
        self._calls = {(method, route.path) for method in route.methods or ()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or (scope["method"], scope["path"]) not in self._calls:
            await self._app(scope, receive, send)
            return
        scope["route"] = self._route  # as the router does, for those who count requests
        request = Request(scope, receive)
        try:
            response: Response = await self._route.endpoint(request)
        except PROBLEMS as error:
            response = await answer_problem(request, error)
        await response(scope, receive, send)


def route_of(router: APIRouter, path: str) -> APIRoute:
    """The only route of `router` at `path`."""
    [route] = [route for route in router.routes if isinstance(route, APIRoute) and route.path == path]
    return route
