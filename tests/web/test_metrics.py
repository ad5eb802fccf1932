"""`/metrics`: what Prometheus reads of what the parts have counted."""

from collections.abc import Iterable

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from tests.support.web import served
from tradeul.domain.instruments import INSTRUMENTS, Reading
from tradeul.web.exposition import Exposition
from tradeul.web.routes.metrics import MetricRoutes


def read(text: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by its name and labels."""
    families = text_string_to_metric_families(text.decode())
    return {
        (each.name, tuple(sorted(each.labels.items()))): each.value for family in families for each in family.samples
    }


def shown(*readings: Reading) -> bytes:
    return Exposition(lambda: readings).text()


def test_a_reading_is_shown_by_its_name_and_labels() -> None:
    """A counter's name ends in `_total`; what a label holds is escaped."""
    samples = read(shown(Reading("viewers", 3), Reading("deltas", 7, ('a"b\n', "add"))))

    assert samples["tradeul_viewers", ()] == 3
    assert samples["tradeul_deltas_total", (("action", "add"), ("list", 'a"b\n'))] == 7


def test_each_metric_says_what_it_means() -> None:
    """Also where there is nothing of it yet."""
    families = {family.name: family for family in text_string_to_metric_families(shown().decode())}

    assert {(each.shown.removesuffix("_total"), each.kind, each.meaning) for each in INSTRUMENTS} == {
        (name, family.type, family.documentation) for name, family in families.items() if name.startswith("tradeul_")
    }


def test_what_the_process_takes_is_there() -> None:
    """Memory, descriptors and CPU, by the names that everybody's dashboards know."""
    names = {name for name, _ in read(shown())}

    assert names >= {"process_resident_memory_bytes", "process_open_fds", "process_cpu_seconds_total"}


async def test_each_scrape_reads_anew() -> None:
    """Nothing is kept in between."""
    counted = iter(range(1, 10))

    def readings() -> Iterable[Reading]:
        return [Reading("viewers", next(counted))]

    async with served(more=[MetricRoutes(readings)]) as world, aiohttp.ClientSession() as session:
        answers = [await session.get(f"{world.url}/metrics") for _ in range(2)]
        texts = [await answer.read() for answer in answers]

    assert [read(text)["tradeul_viewers", ()] for text in texts] == [1, 2]
    assert answers[0].headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
