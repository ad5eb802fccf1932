"""One browser for all tests of a process: their loop lives as long as it does, and each is guarded inside that loop."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.support.guards import clean_loop
from tests.support.page import launched


def pytest_itemcollected(item: pytest.Item) -> None:
    """Every test of this folder runs in the loop of the session."""
    item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    """A browser that no test closes; a page is opened in it by `open_page`."""
    async with launched(browser_path) as started:
        yield started


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def _clean_loop(_no_thread_left: None) -> AsyncIterator[None]:
    """As everywhere; a loop that goes on would keep its threads, so each test has threads of its own."""
    with ThreadPoolExecutor() as threads:
        asyncio.get_running_loop().set_default_executor(threads)
        async with clean_loop(ends_by_itself=True):
            yield
