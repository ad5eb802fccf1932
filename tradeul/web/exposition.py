"""The metrics as Prometheus reads them: made at each scrape of what the parts have counted anyway, and never before.

`routes/metrics` serves them. What the process itself takes (memory, descriptors, CPU) comes with them.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from tradeul.domain.instruments import INSTRUMENTS, PREFIX, Instrument, Reading

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Readings = Callable[[], Iterable[Reading]]


class Exposition(Collector):
    def __init__(self, readings: Readings) -> None:
        self._readings = readings
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def text(self) -> bytes:
        """What a scrape is answered."""
        return generate_latest(self._registry)

    def describe(self) -> list[Metric]:
        """Name nothing beforehand: nobody is to be asked before everything is there."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Read everything."""
        families = {each.name: _family(each) for each in INSTRUMENTS}
        for name, value, labels in self._readings():
            families[name].add_metric(labels, value)
        yield from families.values()


def _family(instrument: Instrument) -> CounterMetricFamily | GaugeMetricFamily:
    made = CounterMetricFamily if instrument.kind == "counter" else GaugeMetricFamily
    return made(PREFIX + instrument.name, instrument.meaning, labels=instrument.labels)
