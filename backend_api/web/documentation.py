"""/docs without the internet: the page's scripts come with a package and are served from here."""

from importlib.resources import files

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

_SCRIPTS = "/docs/scripts"


def add_documentation(app: FastAPI) -> None:
    """Describe `app`, whose OpenAPI document is at /openapi.json, at /docs (Swagger UI)."""
    scripts = StaticFiles(directory=str(files("fastapi_offline") / "static"))
    app.mount(_SCRIPTS, scripts, name="scripts")

    @app.get("/docs", include_in_schema=False)
    def swagger_ui() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=app.title,
            swagger_js_url=f"{_SCRIPTS}/swagger-ui-bundle.js",
            swagger_css_url=f"{_SCRIPTS}/swagger-ui.css",
            swagger_favicon_url=f"{_SCRIPTS}/favicon.png",
            # Otherwise a server elsewhere is asked whether the document is valid.
            swagger_ui_parameters={"validatorUrl": None},
        )
