"""What a receiver is shown to know that it is us, and which alert it is: the headers of the Standard Webhooks.

`webhook-signature` is `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`; the key is the secret as it is, or
what the base64 behind `whsec_` says. The same alert has the same `webhook-id` however often it is sent.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Final

ENCODED: Final = "whsec_"


def headers_of(message: str, seconds: int, body: bytes, secret: str) -> dict[str, str]:
    """Make the headers of one attempt; without a secret it is not signed."""
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": message,
        "webhook-id": message,
        "webhook-timestamp": str(seconds),
    }
    if secret:
        signed = f"{message}.{seconds}.".encode() + body
        digest = hmac.new(_key_of(secret), signed, hashlib.sha256).digest()
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers


def _key_of(secret: str) -> bytes:
    if secret.startswith(ENCODED):
        try:
            return base64.b64decode(secret.removeprefix(ENCODED), validate=True)
        except binascii.Error:
            return secret.encode()
    return secret.encode()
