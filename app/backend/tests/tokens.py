"""Tokens as the frontend mints them."""

import time

import jwt

from todo_backend.auth import AUDIENCE, ISSUER, derive_key

SECRET = "the-secret-of-the-tests-and-of-nothing-else"


def bearer(user: str) -> dict[str, str]:
    """The header that says that this user asks."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": user, "iat": now, "exp": now + 300}
    return {"Authorization": f"Bearer {jwt.encode(claims, derive_key(SECRET), 'HS256')}"}
