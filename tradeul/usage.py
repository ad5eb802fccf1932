"""What can be typed: every command with its options and what they mean. `cli` carries them out."""

import argparse
from pathlib import Path
from typing import Any

from tradeul.simulation.plans import PLANS


def parser() -> argparse.ArgumentParser:
    """Describe all of it; `command` of what is parsed names what is to be done."""
    whole = argparse.ArgumentParser(
        prog="tradeul", description="A real-time scanner of US equities. Without a command: run."
    )
    _configurable(whole)
    whole.set_defaults(command="run", simulate=False)
    commands = whole.add_subparsers(title="commands", metavar="COMMAND")

    run = commands.add_parser("run", help="scan the market and serve the page (the default)")
    run.add_argument("--simulate", action="store_true", help="use the simulated market even if there is a key")
    _add(run, "run")

    exchange = commands.add_parser(
        "exchange",
        help="serve the simulated market alone, for any Polygon client",
        epilog="GET /faults lists what can go wrong on demand; PUT /faults/NAME switches one on.",
    )
    exchange.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    exchange.add_argument("--port", type=int, default=9000, help="REST at / and WebSocket at /stocks (%(default)s)")
    exchange.add_argument("--key", help="the API key that is accepted (default: any)")
    exchange.add_argument(
        "--plan", choices=PLANS, default="advanced", help="what the account may see, and how late (%(default)s)"
    )
    exchange.add_argument("--seed", help="the same seed and clock give the same market")
    exchange.add_argument("--symbols", help="size of the market")
    exchange.add_argument("--start", help="market time to begin at, ISO 8601 with offset")
    exchange.add_argument("--speed", help="market seconds per second of the wall")
    _add(exchange, "exchange")

    _play_again(commands)
    _ask_the_running_program(commands)
    _look_back(commands)
    _manage_tokens(commands)
    _look_after(commands)
    return whole


def _ask_the_running_program(commands: Any) -> None:
    """The commands that need one that runs, and know it by its address."""
    load = commands.add_parser(
        "load",
        help="have the running program load something, and watch it",
        epilog="Stopping it stops the watching only. GET /api/v1/jobs lists the jobs.",
    )
    load.add_argument("name", metavar="NAME", help="universe, metadata, splits, retention ...")
    load.add_argument("--days", help="of so many sessions (default: as many as the job usually loads)")
    _addressed(load)
    _add(load, "load")

    scan = commands.add_parser(
        "scan",
        help="try a condition once on the running program's market",
        epilog="For example: tradeul scan 'rvol > 5 and price between 1 and 20' --order 'rvol desc'",
    )
    scan.add_argument("where", metavar="EXPR", help="the condition; GET /api/v1/fields lists what it may speak of")
    scan.add_argument("--order", default="", help="what it is ranked by, such as 'rvol desc, price' (default: score)")
    scan.add_argument("--size", help="rows that are shown (default: 25)")
    _addressed(scan)
    _add(scan, "scan")

    record = commands.add_parser(
        "record",
        help="have the running program record what comes, or end that, or say how it records",
        epilog="[record] enabled is how it begins. `replay FILE` plays what was recorded.",
    )
    record.add_argument("wish", choices=("on", "off", "status"))
    _addressed(record)
    _add(record, "record")

    watch = commands.add_parser("watch", help="show a list of the running program, live")
    watch.add_argument("list", metavar="LIST", help="gappers_up, winners, anomalies ... or one of your own")
    _addressed(watch)
    _add(watch, "watch")


def _look_back(commands: Any) -> None:
    """The commands about days that are over, which need one that runs too."""
    backtest = commands.add_parser(
        "backtest",
        help="try a list or a condition on days that are over, as it was known then",
        epilog="For example: tradeul backtest 'gap_percent >= 4 and rvol > 2' --from 2026-10-19 --to 2026-11-13",
    )
    backtest.add_argument("what", metavar="EXPR|SCAN", help="a condition, or the name of a list")
    backtest.add_argument("--from", dest="first", required=True, metavar="DAY", help="the first day")
    backtest.add_argument("--to", dest="last", required=True, metavar="DAY", help="the last day")
    backtest.add_argument("--order", default="", help="what it is ranked by (default: as the list is, else score)")
    backtest.add_argument("--size", help="rows of the list (default: as the list has, else 200)")
    backtest.add_argument("--report", type=Path, metavar="FILE", help="write it as a page, too")
    _addressed(backtest)
    _add(backtest, "backtest")

    audit = commands.add_parser(
        "audit",
        help="show how far a day's relative volumes were off what its minutes say",
        epilog="The job rvol_audit finds that out every night, or now: `load rvol_audit`.",
    )
    audit.add_argument("--day", help="such as 2026-11-18 (default: the newest that was audited)")
    _addressed(audit)
    _add(audit, "audit")

    recall = commands.add_parser(
        "recall",
        help="show what lists showed late or never on a day that is over, and why",
        epilog="It is worked out every night; `load scan_recall --days 1` does it now.",
    )
    recall.add_argument("--day", metavar="DAY", help="such as 2026-11-18 (default: the newest there is)")
    recall.add_argument("--list", metavar="LIST", help="tell of this one symbol by symbol")
    _addressed(recall)
    _add(recall, "recall")


def _play_again(commands: Any) -> None:
    replay = commands.add_parser(
        "replay",
        help="play a recording on the page, or compare what it publishes with what was published",
        epilog="Recordings lie in recordings/ of their market's folder; `record on` makes them.",
    )
    replay.add_argument("file", metavar="FILE", type=Path, help="the recording, such as live-2026-11-18.trec")
    replay.add_argument("--speed", default="1", help="market seconds per second, or max (%(default)s)")
    replay.add_argument("--from", dest="first", metavar="TIME", help="begin at this time in New York, such as 09:25")
    replay.add_argument("--to", dest="last", metavar="TIME", help="end at this time")
    replay.add_argument(
        "--verify",
        action="store_true",
        help="serve nothing: play as fast as it goes, print the hash of all published states, and exit with 1 if one "
        "is not what it was",
    )
    _add(replay, "replay")


def _addressed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the program is (%(default)s)")
    parser.add_argument("--token-file", type=Path, help="file with a token, if it wants one (default: $TRADEUL_TOKEN)")


def _manage_tokens(commands: Any) -> None:
    token = commands.add_parser(
        "token",
        help="say who is let in, where server.tokens_file is set",
        epilog="A running program notices within a second.",
    )
    tasks = token.add_subparsers(title="commands", metavar="COMMAND", dest="task", required=True)
    new = tasks.add_parser("new", help="make a token, and show it once")
    new.add_argument("--role", choices=("viewer", "operator"), required=True, help="an operator may change things")
    new.add_argument("--name", help="what it is listed and revoked by (default: the role and a number)")
    _add(new, "token")
    _add(tasks.add_parser("list", help="list who is let in; no token is kept, so none is shown"), "token")
    revoke = tasks.add_parser("revoke", help="let somebody in no more")
    revoke.add_argument("name", metavar="NAME")
    _add(revoke, "token")


def _look_after(commands: Any) -> None:
    """The commands of whoever runs the program."""
    check = commands.add_parser("check-config", help="read the configuration and say whether it is right")
    _add(check, "check_config")
    show = commands.add_parser("print-config", help="print the configuration as it holds here, secrets masked")
    show.add_argument("--defaults", action="store_true", help="print the documented file with all defaults instead")
    _add(show, "print_config")
    unit = commands.add_parser("unit", help="print the unit for systemd, and what else ships")
    others = unit.add_mutually_exclusive_group()
    for name, what in (
        ("nginx", "a sample of nginx in front"),
        ("alerts", "alert rules for Prometheus"),
        ("dashboard", "a dashboard for Grafana"),
    ):
        words = f"print {what} instead"
        others.add_argument(f"--{name}", dest="other", action="store_const", const=name, help=words)
    _add(unit, "unit")
    doctor = commands.add_parser(
        "doctor",
        help="try configuration, key, vendor, database and clock, and say what is wrong",
        epilog="Exits with 1 if anything is.",
    )
    doctor.add_argument("--symbol", metavar="X", help="show the vendor's row of a symbol beside ours")
    doctor.add_argument("--feed", action="store_true", help="try the live feed too; the vendor allows one connection")
    _addressed(doctor)
    _add(doctor, "doctor")


def _add(parser: argparse.ArgumentParser, command: str) -> None:
    _configurable(parser)
    parser.set_defaults(command=command)


def _configurable(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        default=argparse.SUPPRESS,
        help="configuration file (default: ./config.toml, else /etc/tradeul/config.toml, else built in)",
    )
