"""Who is asking: the bearer token that the frontend mints for a signed-in session.

The contract is in docs/contract.md; its vectors, which both halves of the app are tested against, are in
app/contract/token.json.
"""

import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Annotated, Any, Final

import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from todo_backend.problems import Problem, unauthorized

KEY_INFO: Final = b"todo-app/api-token/v1"
ISSUER: Final = "todo-frontend"
AUDIENCE: Final = "todo-backend"
MAX_LIFETIME_SECONDS: Final = 300
LEEWAY_SECONDS: Final = 30


class InvalidToken(Exception):
    """A token that does not name a user now; the message says why and never quotes it."""


def derive_key(secret: str) -> bytes:
    """Derive the signing key from BETTER_AUTH_SECRET: HKDF-SHA256 (RFC 5869), no salt, 32 bytes.

    32 bytes are one block of SHA-256, so that the expand step is a single HMAC.
    """
    extracted = hmac.digest(bytes(hashlib.sha256().digest_size), secret.encode(), "sha256")
    return hmac.digest(extracted, KEY_INFO + b"\x01", "sha256")


class TokenVerifier:
    """Verifies tokens by signature and claims alone, with no call to anything. `now` is Unix time; tests inject it."""

    def __init__(self, secret: str, now: Callable[[], float] = time.time) -> None:
        self._key = derive_key(secret)
        self._now = now

    def subject(self, token: str) -> str:
        """Return the id of the user whom the token names, or raise InvalidToken."""
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["HS256"],
                issuer=ISSUER,
                audience=AUDIENCE,
                # PyJWT has no clock to inject: the times are checked below.
                options={
                    "require": ["iss", "aud", "sub", "iat", "exp"],
                    "strict_aud": True,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.InvalidTokenError as error:
            raise InvalidToken(_reason(error)) from error
        self._check_times(claims)
        subject: str = claims["sub"]
        if not subject or "\0" in subject:
            raise InvalidToken("The token names no user")
        return subject

    def _check_times(self, claims: dict[str, Any]) -> None:
        issued, expires, now = claims["iat"], claims["exp"], self._now()
        if type(issued) is not int or type(expires) is not int:
            raise InvalidToken("The token's times are no whole numbers")
        if not 0 < expires - issued <= MAX_LIFETIME_SECONDS:
            raise InvalidToken("The token lives too long")
        if issued > now + LEEWAY_SECONDS:
            raise InvalidToken("The token is from the future")
        if expires + LEEWAY_SECONDS <= now:
            raise InvalidToken("The token has expired")


def _reason(error: jwt.InvalidTokenError) -> str:
    match error:
        case jwt.InvalidIssuerError() | jwt.InvalidAudienceError():
            return "The token is not for this API"
        case jwt.MissingRequiredClaimError():
            return f"The token lacks the claim {error.claim}"
        case _:
            return "The token is not valid"


_bearer = HTTPBearer(auto_error=False, description="From `POST /token` on the frontend; lives at most 300 s")


async def current_user(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> str:
    """Return the id of the user who is asking; a FastAPI dependency.

    Raises a 401 problem without a valid token.
    """
    if credentials is None:
        # RFC 6750, section 3.1: no error code where no token was sent.
        challenge = {"WWW-Authenticate": 'Bearer realm="todo-backend"'}
        raise Problem(401, "A bearer token is needed", headers=challenge)
    verifier: TokenVerifier = request.app.state.token_verifier
    try:
        return verifier.subject(credentials.credentials)
    except InvalidToken as error:
        raise unauthorized(str(error)) from error


CurrentUser = Annotated[str, Depends(current_user)]
