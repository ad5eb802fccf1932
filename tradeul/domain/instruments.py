"""Every metric that the program shows, defined once: name, kind, labels, meaning.

What reads them, what serves them, the reference at `/docs`, the dashboard and the alert rules all go by this list, and
tests hold them against it. A counter only grows while the program lives; a gauge is how it stands.
"""

from typing import Final, Literal, NamedTuple

Kind = Literal["counter", "gauge"]


class Instrument(NamedTuple):
    """One metric, by the name that stands after `tradeul_`; a counter's is shown with `_total` behind it."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """Its name as a scrape has it."""
        return f"{PREFIX}{self.name}{'_total' if self.kind == 'counter' else ''}"


class Reading(NamedTuple):
    """A value of an instrument, of the labels that it has."""

    name: str
    value: float
    labels: tuple[str, ...] = ()


PREFIX: Final = "tradeul_"


def _gauge(name: str, meaning: str, *labels: str) -> Instrument:
    return Instrument(name, "gauge", meaning, labels)


def _counter(name: str, meaning: str, *labels: str) -> Instrument:
    return Instrument(name, "counter", meaning, labels)


INSTRUMENTS: Final = (
    # How it is.
    _gauge("healthy", "1 while nothing is wrong, as /health says."),
    _gauge("trouble", "1 for each part with which something is wrong; /health has the words.", "part"),
    _gauge("ready", "1 once the lists are of a real market."),
    _gauge("feed_state", "1 for how fresh the market is: live, stale, partial, closed or starting.", "state"),
    _gauge("session", "1 for the session of this moment.", "session"),
    # Snapshots.
    _gauge("snapshot_age_seconds", "Market time since the last snapshot that was believed."),
    _gauge("snapshot_in_flight_seconds", "Since when a snapshot is being fetched; 0 while none is."),
    _counter("snapshots", "Snapshots by what became of them.", "outcome"),
    _counter("snapshots_refused", "Snapshots that came and were not believed, by reason.", "reason"),
    _gauge("snapshots_failing", "How many failed or were refused since the last good one."),
    _counter("rows_dropped", "Rows of snapshots that could not be read, by reason.", "reason"),
    _gauge("rows_doubted", "Values of the last snapshot that were not believed, by reason.", "reason"),
    _gauge("stage_seconds", "How long a stage took last, what others did between its pieces included.", "stage"),
    # The market and its lists.
    _gauge("symbols", "Symbols on the way from the market to the lists.", "stage"),
    _gauge("symbols_by_rvol", "Symbols by how their relative volume is known.", "method"),
    _gauge("symbols_dropped", "Symbols that the filters keep out, by first reason.", "reason"),
    _gauge("list_rows", "Rows of a list.", "list"),
    _counter("list_changes", "Published changes of a list: its sequence.", "list"),
    _gauge("scan_recall_ratio", "Of those that belonged in a list on the last day, how many it showed.", "list"),
    _gauge("scan_recall_symbols", "Symbols of a list on the last day, by verdict.", "list", "verdict"),
    _gauge("scan_recall_late_seconds", "How late it showed those that were late: 0.5, 0.9 and 1.", "list", "share"),
    _gauge("scan_recall_day_timestamp_seconds", "The midnight of the last day of which there is a scan recall."),
    _counter("deltas", "Changes of rows as viewers who keep up were told.", "list", "action"),
    # Live.
    _gauge("link_connected", "1 while the live feed is connected and lets us in."),
    _counter("link_reconnects", "Connections to the live feed after the first."),
    _counter("link_closes", "Connections to the live feed that ended, by code.", "code"),
    _counter("link_messages", "Messages of the live feed."),
    _counter("link_bad_elements", "Elements of live messages that could not be read."),
    _gauge("link_silence_seconds", "Market time since the last message of the live feed."),
    _gauge("followed", "Symbols that are followed live: desired, confirmed, pending.", "state"),
    _gauge("drift", "Symbols that are followed live and should not be, or the other way round."),
    _counter("drift_found", "Such symbols, as audits found them."),
    _counter("corrections", "Symbols that audits had asked for anew or given up."),
    _counter("audits", "Audits of what is followed live."),
    _counter("live_events", "Live events by kind.", "kind"),
    _counter("live_events_folded", "Live events that were joined with a waiting one, by kind.", "kind"),
    _counter("live_events_from_the_future", "Live events of more than a minute ahead of our clock."),
    _gauge("live_lag_seconds", "How late live events came in the last minute: 0.5, 0.99 and 1 (the latest).", "share"),
    _gauge(
        "latency_seconds",
        "In the last minute, 0.5, 0.99 and 1 (the latest): fetch is from the newest event to the snapshot that holds "
        "it, scan from what came to lists, publish from lists to their publication.",
        *("stage", "share"),
    ),
    _counter("hot_batches", "Turns of the hot loop that had live events."),
    # Viewers.
    _gauge("viewers", "Viewers that are connected."),
    _gauge("viewers_waiting", "Viewers whose sockets are full."),
    _gauge("viewers_stuck", "Viewers that took nothing for 5 s."),
    _counter("viewers_ended", "Viewers that were sent away, by close code.", "code"),
    _gauge("viewers_due", "Viewers that are to be written to in the next turns of the loop."),
    _counter("frames", "Frames of lists that were made, each once for all viewers, by kind.", "list", "kind"),
    _counter("requests", "Requests that were answered, by status; a viewer's once it is gone, as 101.", "status"),
    _gauge("connections", "Connections of any kind, viewers included."),
    _gauge("connections_squeezed", "Connections for which there is no room."),
    # The event loop and the tasks.
    _gauge("loop_delay_seconds", "How late the event loop woke in the last minute: 0.5, 0.99, 1 (worst).", "share"),
    _counter("loop_stalls", "Times that the event loop was held for half a second or longer."),
    _counter("clock_steps", "Times that the machine's clock was stepped."),
    _gauge("task_running", "1 while a task runs.", "task"),
    _counter("task_restarts", "Times that a task failed or hung, and was started again.", "task"),
    # What is kept.
    _gauge("history_connected", "1 while the database takes what is written."),
    _counter("history_written", "Events, lists, minutes and alerts that are in the database."),
    _gauge("history_waiting", "Those that wait in memory."),
    _gauge("history_spool_bytes", "What waits on the disk."),
    _counter("history_lost", "Those that were given up for good."),
    _counter("history_failures", "Times that the database or the disk refused."),
    _gauge("database_bytes", "What the embedded database takes on the disk."),
    _gauge("today_age_seconds", "Market time since the newest state of today on the disk."),
    _counter("today_failures", "Times that the disk refused today's state."),
    _gauge("jobs_under_way", "Jobs that run or wait for their turn."),
    _gauge("job_progress_ratio", "How much of a job is done, from 0 to 1.", "job"),
    _gauge("jobs_failing", "Jobs that failed twice in a row or more often."),
    _gauge("rvol_audit_day_timestamp_seconds", "The midnight of the day that was audited last."),
    _gauge("rvol_audit_values", "Relative volumes of it that were held against its minutes.", "method", "source"),
    _gauge("rvol_audit_error_ratio", "How far they were off: 0.5, 0.9, 0.99 and 1 (the worst).", "share"),
    _gauge("rvol_audit_within_ratio", "How many of them were off by no more than 1 %, from 0 to 1."),
    _gauge("rvol_audit_missing", "Values that could not be compared, by why.", "reason"),
    _counter("recorded_bytes", "Bytes of recordings, as they are on the disk."),
    _counter("recordings_lost", "Answers and frames that are in no recording."),
    # Alerts and logs.
    _counter("alerts", "Alerts by whether they were told or held back.", "outcome"),
    _gauge("webhooks_waiting", "Alerts that wait to be told to other programs."),
    _counter("log_lines", "Lines by what became of them: written, folded, lost.", "outcome"),
)  # fmt: skip
BY_NAME: Final = {each.name: each for each in INSTRUMENTS}
