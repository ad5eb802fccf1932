"""Signatures as the Standard Webhooks have them, with the example of their specification's libraries."""

from tradeul.webhooks.signing import headers_of


def test_the_signature_is_the_standards() -> None:
    """The vector that every library of the standard is tested with."""
    headers = headers_of(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}', "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    )

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_without_a_secret_nothing_is_signed() -> None:
    """Nobody is to believe that it was."""
    assert "webhook-signature" not in headers_of("1", 2, b"{}", "")


def test_a_secret_that_only_looks_encoded_is_taken_as_it_is() -> None:
    """Any text is a secret."""
    one = headers_of("1", 2, b"{}", "whsec_not base64!")

    assert one["webhook-signature"] != headers_of("1", 2, b"{}", "not base64!")["webhook-signature"]
