# ruff: noqa: INP001 - a script, and no package
"""Write token.json: the test vectors of the API's token, for the tests of the frontend and of the backend.

The contract is in docs/contract.md. This is written from the RFCs (5869 for the key, 7515 and 7519 for the token) with
nothing but hashes, and shares no code with either half of the app: `python app/contract/make_token_vectors.py`.
"""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

SECRET = "a secret of the test vectors alone, größer als 32 Zeichen"  # noqa: S105 - its UTF-8 bytes matter
INFO = "todo-app/api-token/v1"
NOW = 1_800_000_000
CLAIMS: dict[str, Any] = {
    "iss": "todo-frontend",
    "aud": "todo-backend",
    "sub": "user-1",
    "iat": NOW,
    "exp": NOW + 300,
}


def hkdf_sha256(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """Derive key material (RFC 5869, sections 2.2 and 2.3)."""
    key = hmac.digest(salt or bytes(32), secret, "sha256")
    block, material = b"", b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac.digest(key, block + info + bytes([counter]), "sha256")
        material += block
    return material[:length]


KEY = hkdf_sha256(SECRET.encode(), b"", INFO.encode(), 32)


def token(claims: dict[str, Any], *, alg: str = "HS256", key: bytes = KEY) -> str:
    """Return a signed token in compact form; `alg` none has an empty signature."""
    parts = ({"alg": alg, "typ": "JWT"}, claims)
    signed = ".".join(_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    hashes = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
    signature = b"" if alg == "none" else hmac.digest(key, signed.encode(), hashes[alg])
    return f"{signed}.{_base64url(signature)}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _with(**changes: Any) -> dict[str, Any]:
    return {**CLAIMS, **changes}


def _without(name: str) -> dict[str, Any]:
    return {key: value for key, value in CLAIMS.items() if key != name}


def vectors() -> list[dict[str, Any]]:
    """Return each token with the instant at which it is judged and the subject that it names, null when refused."""
    accepted: list[tuple[str, dict[str, Any], int]] = [
        ("fresh", CLAIMS, NOW),
        ("as the frontend mints it", _with(exp=NOW + 270), NOW),
        ("as the frontend mints it, for a subject beyond ASCII", _with(sub="użytkownik-1", exp=NOW + 270), NOW),
        ("lives 60 s", _with(exp=NOW + 60), NOW),
        ("at its last second", CLAIMS, NOW + 300),
        ("expired, within the leeway", CLAIMS, NOW + 329),
        ("issued by a clock that is ahead, within the leeway", CLAIMS, NOW - 30),
    ]
    refused: list[tuple[str, str, int]] = [
        ("expired, beyond the leeway", token(CLAIMS), NOW + 330),
        ("issued in the future, beyond the leeway", token(CLAIMS), NOW - 31),
        ("lives 301 s", token(_with(exp=NOW + 301)), NOW),
        ("expires before it was issued", token(_with(exp=NOW - 1)), NOW),
        ("another issuer", token(_with(iss="someone")), NOW),
        ("another audience", token(_with(aud="someone")), NOW),
        ("several audiences", token(_with(aud=["todo-backend", "someone"])), NOW),
        ("no issuer", token(_without("iss")), NOW),
        ("no audience", token(_without("aud")), NOW),
        ("no subject", token(_without("sub")), NOW),
        ("no time of issue", token(_without("iat")), NOW),
        ("no expiry", token(_without("exp")), NOW),
        ("an empty subject", token(_with(sub="")), NOW),
        ("a subject that is a number", token(_with(sub=1)), NOW),
        ("an expiry that is text", token(_with(exp=str(NOW + 300))), NOW),
        ("an expiry that is a fraction", token(_with(exp=NOW + 299.5)), NOW),
        ("unsigned, alg none", token(CLAIMS, alg="none"), NOW),
        ("HS384 with the right key", token(CLAIMS, alg="HS384"), NOW),
        ("HS512 with the right key", token(CLAIMS, alg="HS512"), NOW),
        ("signed with the secret itself", token(CLAIMS, key=SECRET.encode()), NOW),
        ("signed with another key", token(CLAIMS, key=bytes(32)), NOW),
        ("other claims under the signature", _forged(), NOW),
        ("no signature", token(CLAIMS).rpartition(".")[0], NOW),
        ("not a token", "not-a-token", NOW),
        ("empty", "", NOW),
    ]
    return [
        {"name": name, "now": now, "subject": claims["sub"], "claims": claims, "token": token(claims)}
        for name, claims, now in accepted
    ] + [{"name": name, "now": now, "subject": None, "token": text} for name, text, now in refused]


def _forged() -> str:
    header, _, signature = token(CLAIMS).split(".")
    return ".".join([header, token(_with(sub="user-2")).split(".")[1], signature])


def contract() -> dict[str, Any]:
    """Return the whole of token.json."""
    return {
        "secret": SECRET,
        "salt": "",
        "info": INFO,
        "key": KEY.hex(),
        "algorithm": "HS256",
        "issuer": CLAIMS["iss"],
        "audience": CLAIMS["aud"],
        "minted_lifetime_seconds": 270,
        "max_lifetime_seconds": 300,
        "leeway_seconds": 30,
        "tokens": vectors(),
    }


if __name__ == "__main__":
    document = json.dumps(contract(), indent=2, ensure_ascii=False)
    (Path(__file__).parent / "token.json").write_text(document + "\n", encoding="utf-8")
