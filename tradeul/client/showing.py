"""How a program shows its token, over HTTP and over the WebSocket."""


def headers_showing(token: str) -> dict[str, str]:
    """The headers of whoever has a token; none for who has none."""
    return {"Authorization": f"Bearer {token}"} if token else {}
