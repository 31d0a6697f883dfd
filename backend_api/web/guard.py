"""Puts what guards the API around it: keys, and the origins whose pages may read answers."""

import secrets

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from backend_api.base.clock import Clock
from backend_api.media.folder import MediaFolder
from backend_api.web.auth import AccessControl
from backend_api.web.keys import Keys
from backend_api.web.signed_urls import SignedLinks

_EXPOSED = ["ETag", "Link", "Location", "Content-Range", "Accept-Ranges", "Retry-After"]


def signed_links(keys: Keys, clock: Clock) -> SignedLinks | None:
    """What signs the addresses of media; None where everybody may look anyway."""
    return SignedLinks(secrets.token_bytes(32), clock.now) if keys else None


def with_links(media: MediaFolder, links: SignedLinks | None) -> MediaFolder:
    """`media`, whose files' addresses `links` signs."""
    return media if links is None else media.with_links(links.query)


def guard(app: FastAPI, keys: Keys, links: SignedLinks | None, cors_origins: tuple[str, ...]) -> None:
    """Let nobody in without one of `keys`, if there are any, nor pages of other origins than `cors_origins`."""
    if links is not None:
        app.add_middleware(AccessControl, keys=keys, links=links)
    if cors_origins:
        # Around the keys: a browser asks for permission before it sends one.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=cors_origins,
            allow_methods=["GET", "HEAD", "POST", "PUT"],
            allow_headers=[
                "Authorization",
                "Content-Type",
                "Content-Digest",
                "Last-Event-ID",
                "If-None-Match",
                "Range",
            ],
            expose_headers=_EXPOSED,
        )
