"""Driving the dashboard without a browser, and reading what it shows."""

from streamlit.testing.v1 import AppTest

from backend_api.base.process import REPOSITORY
from ui.client.cache import forget_answers


def open_app(page: str = "review", **address: str) -> AppTest:
    """The dashboard after its first run at a page and an address with these parameters."""
    app = AppTest.from_file(str(REPOSITORY / "ui" / "dashboard.py"), default_timeout=60)
    app.switch_page(f"views/{page}.py")
    for name, value in address.items():
        app.query_params[name] = value
    return rerun(app)


def rerun(app: AppTest) -> AppTest:
    forget_answers()  # a test changes the backend behind the dashboard's back
    app.run()
    assert not app.exception
    return app


def click(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click()
    return rerun(app)


def words(app: AppTest) -> str:
    """All the text on the page."""
    blocks = [*app.title, *app.header, *app.markdown, *app.text, *app.caption, *app.code, *app.get("html")]
    return "\n".join(str(getattr(block, "value", "") or block.proto.body) for block in blocks)


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]
