"""The faults that the product must bear, what each may cost, and which tests show it.

`tests/house` sees to it that every test named here exists; `make faults` runs them all and ends with a line for each.
Those outside of `tests/faults`, which `make test` runs every day too, are printed by `python -m tests.faults.matrix`.
"""

from typing import Final, NamedTuple


class Fault(NamedTuple):
    """One row; `shown_by` are tests as `path::name`, below `tests`, or `soak`: `make soak` shows it."""

    number: int
    what: str
    figure: str
    shown_by: tuple[str, ...]


REST: Final = "app/test_vendor_faults.py::"
STREAM: Final = "app/test_vendor_stream_faults.py::"
LIVE: Final = "faults/test_live_feed.py::"
PARTINGS: Final = "web/test_partings.py::"
IN_TIME: Final = "faults/test_told_in_time.py::"
HOURS: Final = "app/test_unscheduled_close.py::"
TASKS: Final = "test_supervisor.py::"
TOLD: Final = "app/test_reasons.py::test_a_fault_is_told_in_time"
SOAK: Final = "soak"

FAULTS: Final = (
    Fault(1, "REST answers 5xx, refuses, has no name", "fresh <= 6 s after its end", (
        f"{REST}test_an_answer_that_is_none_leaves_the_last_good_market", TOLD, SOAK)),
    Fault(2, "REST answers 429", "<= 2 requests in the window", (
        f"{REST}test_a_named_wait_is_kept", f"{REST}test_a_limit_without_a_named_wait_is_not_hammered", TOLD, SOAK)),
    Fault(3, "a slow or endless body", "1 in flight at most", (
        f"{REST}test_one_answer_is_awaited_at_a_time",
        "app/test_reasons.py::test_a_body_that_does_not_come_is_told_while_it_is_waited_for")),
    Fault(4, "cut JSON or gzip, a bomb", "0 bad snapshots applied; +100 MB at most", (
        f"{REST}test_an_answer_that_is_none_leaves_the_last_good_market", f"{REST}test_a_bomb_is_not_swallowed", SOAK)),
    Fault(5, "wrong types, null, NaN, 1e999, negative", "0 good tickers lost; 0 NaN out", (
        f"{REST}test_a_bad_row_costs_itself_only", f"{REST}test_rows_too_many_of_which_are_bad_are_no_market", TOLD)),
    Fault(6, "duplicate, reordered, stale snapshots", "0 rank flips", (
        f"{REST}test_rows_that_come_twice_or_in_another_order_change_nothing",
        f"{REST}test_an_older_market_is_not_taken", SOAK)),
    Fault(7, "zeros, half the universe, yesterday's", "0 rows lost; 0 rows of yesterday written", (
        f"{REST}test_zeros_in_the_middle_of_the_day_are_not_believed",
        f"{REST}test_half_a_universe_is_believed_the_third_time", f"{REST}test_the_nightly_clear_is_believed", SOAK)),
    Fault(8, "the live feed ends: 1000, 1006, 1008, RST", "300 symbols, p95 <= 5 s; told <= 10 s", (
        f"{LIVE}test_everything_is_followed_again_soon_after_an_end",
        f"{LIVE}test_everything_is_followed_again_soon_after_an_outage",
        f"{IN_TIME}test_a_live_feed_that_is_down_is_told")),
    Fault(9, "slow-consumer close, flood", "reader lag p99 <= 100 ms", (
        f"{STREAM}test_a_connection_that_ends_is_made_again_with_all_it_held",
        f"{STREAM}test_odd_frames_cost_nothing_but_themselves")),
    Fault(10, "max_connections", "<= 60 reconnects an hour", (
        f"{STREAM}test_two_programs_with_one_key_do_not_fight",)),
    Fault(11, "the key is refused", "<= 1 attempt a minute", (
        f"{STREAM}test_a_refused_key_is_tried_once_a_minute",
        f"{REST}test_a_refusal_is_not_asked_again_at_once")),
    Fault(12, "a half-open or silent feed", "found out <= 25 s", (
        f"{LIVE}test_a_silent_feed_is_found_out",)),
    Fault(13, "acks lost or partial", "drift <= 35 s", (
        f"{LIVE}test_the_program_heals_by_itself", f"{STREAM}test_requests_that_go_wrong_are_healed")),
    Fault(14, "flapping once a second", "<= 40 connects in 10 min", (
        f"{LIVE}test_a_flapping_vendor_is_left_in_peace_and_found_again",
        f"{STREAM}test_a_vendor_that_flaps_is_not_stormed")),
    Fault(15, "an outage of 3 h", "recovered, 0 restarts", (
        "faults/test_long_outage.py::test_three_hours_without_a_vendor_end_by_themselves",)),
    Fault(16, "kill -9, 100 times", "0 closed slots lost; first ranking p95 <= 5 s", (
        "faults/test_kills.py::test_a_hundred_kills_lose_nothing_and_each_life_ranks_soon", SOAK)),
    Fault(17, "SIGTERM, stuck viewers, a frozen database", "exit <= 10 s", (
        "faults/test_stuck_shutdown.py::test_a_shutdown_with_stuck_viewers_and_a_frozen_database",
        f"{PARTINGS}test_stuck_viewers_do_not_hold_up_a_shutdown",
        "history/test_writer.py::test_the_end_does_not_wait_for_a_frozen_server",
        "history/test_embedded.py::test_a_frozen_server_cannot_hold_up_the_stop")),
    Fault(18, "SIGSTOP 60 s, then CONT", "1 catch-up poll", (
        "faults/test_long_outage.py::test_a_minute_that_was_slept_through_is_one_poll",)),
    Fault(19, "a task raises, returns, hangs", "0 dead unnoticed; 5 in 60 s end the process", (
        f"{TASKS}test_a_failed_task_is_started_again_after_a_wait", f"{TASKS}test_a_task_that_returns_has_failed",
        "test_hanging.py::test_a_task_that_hangs_is_started_anew",
        f"{TASKS}test_five_failures_in_a_minute_end_the_program")),
    Fault(20, "Postgres frozen, killed, absent, 48 h away", "0 s without ranking; 0 rows missing after; told <= 10 s", (
        f"{IN_TIME}test_a_database_that_is_away_is_told",
        "app/test_frozen_database.py::test_a_frozen_database_pauses_nothing_and_misses_nothing",
        "faults/test_two_days_away.py::test_two_days_without_a_database_lose_nothing",
        "history/test_writer.py::test_a_killed_server_loses_nothing",
        "history/test_writer.py::test_before_there_is_a_server_everything_waits")),
    Fault(21, "the disk is full", "0 s down", (
        "faults/test_full_disk.py::test_a_full_disk_for_what_is_kept_of_today",
        "faults/test_full_disk.py::test_a_full_disk_for_the_database_too")),
    Fault(22, "stopped viewers, a trickle reader", "others' p99 +10 % at most; 0 sockets after 35 s; told <= 10 s", (
        "faults/test_stopped_viewers.py::test_viewers_who_stop_reading",
        "faults/test_stopped_viewers.py::test_viewers_who_read_little_at_a_time",
        f"{IN_TIME}test_a_viewer_that_is_cut_as_slow_is_told",
        f"{PARTINGS}test_a_viewer_that_never_reads_stops_nobody",
        f"{PARTINGS}test_a_stuck_viewer_is_cut_after_ten_seconds", SOAK)),
    Fault(23, "10,000 connect, 5,000 reconnect", "all live <= 10 s; stall <= 250 ms", (
        "faults/test_storms.py::test_ten_thousand_come_at_once",
        "faults/test_storms.py::test_five_thousand_come_back_after_a_restart",
        f"{PARTINGS}test_when_all_places_are_taken_more_are_told_when_to_come_back")),
    Fault(24, "floods of subscribe, resync, unknown lists", "loop CPU <= 10 %", (
        "faults/test_floods.py::test_floods",
        f"{PARTINGS}test_beyond_the_rate_messages_are_dropped_then_the_viewer",
        f"{PARTINGS}test_a_storm_of_nonsense_ends_like_any_other")),
    Fault(25, "the loop is stalled by a bug", "logged", (
        "test_loop_watch.py::test_the_stack_of_what_holds_the_loop_is_logged_while_it_does",)),
    Fault(26, "clock steps, DST, half day, holiday, unscheduled close", "0 wrong slots or sessions", (
        "test_clock.py::test_a_step_of_the_system_clock_does_not_move_the_paced_one",
        "domain/test_market_days.py::test_every_five_minutes_of_a_year_are_in_their_session_and_slot",
        f"{HOURS}test_the_whole_program_closes_and_opens_with_its_vendor", SOAK)),
    Fault(27, "the date turns", "0 stale rows after 03:30:10", (
        "engine/test_discovery.py::test_lists_are_emptied_once_when_the_date_turns",
        "engine/test_date_turn.py::test_one_reset_at_half_past_three", SOAK)),
    Fault(28, "leaks", "<= 1 MB, 0 descriptors, 0 tasks a simulated day", (SOAK,)),
    Fault(29, "a wrong configuration, 30 kinds", "exit 2, one line: 30 of 30", (
        "test_config_commands.py::test_what_is_wrong_is_one_line",
        "test_config_commands.py::test_there_are_thirty_of_them")),
    Fault(30, "a log storm", "<= 10 MB an hour", (
        "test_log_folding.py::test_an_hour_of_storms_takes_ten_megabytes_at_most",)),
)  # fmt: skip


def everyday() -> list[str]:
    """The tests named above that are not among those of the faults."""
    named = [test for fault in FAULTS for test in fault.shown_by if test != SOAK]
    return [f"tests/{test}" for test in dict.fromkeys(named) if not test.startswith("faults/")]


if __name__ == "__main__":
    print(*everyday(), sep="\n")  # noqa: T201  # the Makefile reads it
