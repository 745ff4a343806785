"""Every test here has a token that is worth nothing, and no address of the provider's own."""

import pytest


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLICATE_API_TOKEN", "a-token")
    monkeypatch.setenv("REPLICATE_BASE_URL", "http://127.0.0.1:9")
