"""The commands. Whatever a user can cause ends in one clear line and an exit code, never in a traceback.

Exit codes: 0 done, 1 failed, 2 bad usage or configuration. What a command does is in a module of its own.
"""

import argparse
import gc
import os
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from tradeul.errors import TradeulError, UsageError
from tradeul.simulation.plans import PLANS

T = TypeVar("T")

DONE: Final = 0
FAILED: Final = 1
BAD_USAGE: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; gives the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        return int(options.command(options))
    except UsageError as error:
        print(f"tradeul: {error}", file=sys.stderr)
        return BAD_USAGE
    except TradeulError as error:
        print(f"tradeul: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return DONE
    except BrokenPipeError:
        # Who read our answers has seen enough; Python would complain about the rest at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tradeul", description="A real-time scanner of US equities. Without a command: run."
    )
    _configurable(parser)
    parser.set_defaults(command=_run, simulate=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    run = commands.add_parser("run", help="scan the market and serve the page (the default)")
    run.add_argument("--simulate", action="store_true", help="use the simulated market even if there is a key")
    _add(run, _run)

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
    _add(exchange, _exchange)

    _play_again(commands)
    _ask_the_running_program(commands)
    _manage_tokens(commands)
    _look_after(commands)
    return parser


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
    _add(load, _load)

    scan = commands.add_parser(
        "scan",
        help="try a condition once on the running program's market",
        epilog="For example: tradeul scan 'rvol > 5 and price between 1 and 20' --order 'rvol desc'",
    )
    scan.add_argument("where", metavar="EXPR", help="the condition; GET /api/v1/fields lists what it may speak of")
    scan.add_argument("--order", default="", help="what it is ranked by, such as 'rvol desc, price' (default: score)")
    scan.add_argument("--size", help="rows that are shown (default: 25)")
    _addressed(scan)
    _add(scan, _scan)

    recall = commands.add_parser(
        "recall",
        help="show what lists showed late or never on a day that is over, and why",
        epilog="It is worked out every night; `load scan_recall --days 1` does it now.",
    )
    recall.add_argument("--day", metavar="DAY", help="such as 2026-11-18 (default: the newest there is)")
    recall.add_argument("--list", metavar="LIST", help="tell of this one symbol by symbol")
    _addressed(recall)
    _add(recall, _recall)

    record = commands.add_parser(
        "record",
        help="have the running program record what comes, or end that, or say how it records",
        epilog="[record] enabled is how it begins. `replay FILE` plays what was recorded.",
    )
    record.add_argument("wish", choices=("on", "off", "status"))
    _addressed(record)
    _add(record, _record)

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
    _add(backtest, _backtest)

    audit = commands.add_parser(
        "audit",
        help="show how far a day's relative volumes were off what its minutes say",
        epilog="The job rvol_audit finds that out every night, or now: `load rvol_audit`.",
    )
    audit.add_argument("--day", help="such as 2026-11-18 (default: the newest that was audited)")
    _addressed(audit)
    _add(audit, _audit)

    watch = commands.add_parser("watch", help="show a list of the running program, live")
    watch.add_argument("list", metavar="LIST", help="gappers_up, winners, anomalies ... or one of your own")
    _addressed(watch)
    _add(watch, _watch)


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
    _add(replay, _replay)


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
    _add(new, _token)
    _add(tasks.add_parser("list", help="list who is let in; no token is kept, so none is shown"), _token)
    revoke = tasks.add_parser("revoke", help="let somebody in no more")
    revoke.add_argument("name", metavar="NAME")
    _add(revoke, _token)


def _look_after(commands: Any) -> None:
    """The commands of whoever runs the program."""
    check = commands.add_parser("check-config", help="read the configuration and say whether it is right")
    _add(check, _check_config)
    show = commands.add_parser("print-config", help="print the configuration as it holds here, secrets masked")
    show.add_argument("--defaults", action="store_true", help="print the documented file with all defaults instead")
    _add(show, _print_config)
    unit = commands.add_parser("unit", help="print the unit for systemd, and what else ships")
    others = unit.add_mutually_exclusive_group()
    for name, what in (
        ("nginx", "a sample of nginx in front"),
        ("alerts", "alert rules for Prometheus"),
        ("dashboard", "a dashboard for Grafana"),
    ):
        words = f"print {what} instead"
        others.add_argument(f"--{name}", dest="other", action="store_const", const=name, help=words)
    _add(unit, _unit)
    doctor = commands.add_parser(
        "doctor",
        help="try configuration, key, vendor, database and clock, and say what is wrong",
        epilog="Exits with 1 if anything is.",
    )
    doctor.add_argument("--symbol", metavar="X", help="show the vendor's row of a symbol beside ours")
    doctor.add_argument("--feed", action="store_true", help="try the live feed too; the vendor allows one connection")
    _addressed(doctor)
    _add(doctor, _doctor)


def _add(parser: argparse.ArgumentParser, command: Any) -> None:
    _configurable(parser)
    parser.set_defaults(command=command)


def _configurable(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        default=argparse.SUPPRESS,
        help="configuration file (default: ./config.toml, else /etc/tradeul/config.toml, else built in)",
    )


def _run(options: argparse.Namespace) -> int:
    # What a start makes is no garbage, and looking for some took an eighth of it; `App.start` turns it on again.
    gc.disable()
    # Imported here so that every other command answers at once.
    from tradeul import logs  # noqa: PLC0415
    from tradeul.app import App  # noqa: PLC0415
    from tradeul.configuration import load_settings  # noqa: PLC0415
    from tradeul.entrance import keep_no_image  # noqa: PLC0415

    environ = dict(os.environ)
    if options.simulate:
        environ["TRADEUL_MARKET__SOURCE"] = "simulation"
    settings = load_settings(_config(options), environ)
    logs.configure(settings.log.level, settings.log.format)
    keep_no_image()

    async def run() -> None:
        app = App(settings)
        await app.run()
        if app.supervisor.abandoned:
            # A task that ignores its end would keep the loop, and so the process, alive for ever.
            os._exit(FAILED)

    _on_loop(run())
    return DONE


def _exchange(options: argparse.Namespace) -> int:
    from tradeul import logs  # noqa: PLC0415
    from tradeul.configuration import load_settings  # noqa: PLC0415
    from tradeul.vendor import run_exchange  # noqa: PLC0415

    overrides = {
        "TRADEUL_SIMULATION__SEED": options.seed,
        "TRADEUL_SIMULATION__SYMBOLS": options.symbols,
        "TRADEUL_CLOCK__START": options.start,
        "TRADEUL_CLOCK__SPEED": options.speed,
    }
    environ = dict(os.environ) | {name: value for name, value in overrides.items() if value is not None}
    settings = load_settings(_config(options), environ)
    logs.configure(settings.log.level, settings.log.format)
    _on_loop(run_exchange(settings, options.host, options.port, options.key, options.plan))
    return DONE


def _replay(options: argparse.Namespace) -> int:
    from tradeul.clock import SystemClock  # noqa: PLC0415
    from tradeul.replay.command import speed_of, verify  # noqa: PLC0415

    speed = speed_of(options.speed)
    if options.verify:
        same = _on_loop(verify(options.file, options.first, options.last, SystemClock(), sys.stdout))
        return DONE if same else FAILED
    from tradeul.configuration import load_settings  # noqa: PLC0415
    from tradeul.entrance import keep_no_image  # noqa: PLC0415
    from tradeul.replay.served import serve  # noqa: PLC0415

    settings = load_settings(_config(options))
    keep_no_image()

    async def play() -> None:
        if not await serve(settings, options.file, options.first, options.last, speed):
            # Like the program itself: what ignores its end would keep the process alive.
            os._exit(FAILED)

    _on_loop(play())
    return DONE


def _load(options: argparse.Namespace) -> int:
    from tradeul.clock import SystemClock  # noqa: PLC0415
    from tradeul.load import days_of, load  # noqa: PLC0415

    days, token = days_of(options.days), _own_token(options)
    _on_loop(load(options.url, options.name, days, SystemClock(), sys.stdout, token))
    return DONE


def _scan(options: argparse.Namespace) -> int:
    from tradeul.try_scan import size_of, try_scan  # noqa: PLC0415

    size, token = size_of(options.size), _own_token(options)
    _on_loop(try_scan(options.url, options.where, options.order, size, sys.stdout, token))
    return DONE


def _recall(options: argparse.Namespace) -> int:
    from tradeul.scan_recall.command import recall  # noqa: PLC0415

    _on_loop(recall(options.url, options.day, options.list, sys.stdout, _own_token(options)))
    return DONE


def _record(options: argparse.Namespace) -> int:
    from tradeul.record_command import record  # noqa: PLC0415

    _on_loop(record(options.url, options.wish, sys.stdout, _own_token(options)))
    return DONE


def _backtest(options: argparse.Namespace) -> int:
    from tradeul.backtest_command import backtest, wish_of  # noqa: PLC0415
    from tradeul.clock import SystemClock  # noqa: PLC0415

    wish = wish_of(options.what, options.order, options.size, options.first, options.last)
    _on_loop(backtest(options.url, wish, options.report, SystemClock(), sys.stdout, _own_token(options)))
    return DONE


def _audit(options: argparse.Namespace) -> int:
    from tradeul.rvol_audit_command import audit, day_of  # noqa: PLC0415

    day, token = day_of(options.day), _own_token(options)
    _on_loop(audit(options.url, day, sys.stdout, token))
    return DONE


def _own_token(options: argparse.Namespace) -> str:
    from tradeul.own_token import own_token  # noqa: PLC0415

    return own_token(options.token_file, os.environ)


def _token(options: argparse.Namespace) -> int:
    from tradeul import token_commands  # noqa: PLC0415
    from tradeul.access import Role  # noqa: PLC0415
    from tradeul.clock import SystemClock  # noqa: PLC0415
    from tradeul.configuration import load_settings  # noqa: PLC0415

    server = load_settings(_config(options)).server
    if options.task == "new":
        token_commands.new(server, Role(options.role), options.name, SystemClock(), sys.stdout, sys.stderr)
    elif options.task == "list":
        token_commands.listed(server, sys.stdout)
    else:
        token_commands.revoke(server, options.name, sys.stdout)
    return DONE


def _watch(options: argparse.Namespace) -> int:
    from tradeul.clock import SystemClock  # noqa: PLC0415
    from tradeul.watch import watch  # noqa: PLC0415

    _on_loop(watch(options.url, options.list, SystemClock(), sys.stdout, _own_token(options)))
    return DONE


def _check_config(options: argparse.Namespace) -> int:
    from tradeul import config_commands  # noqa: PLC0415

    config_commands.check(_config(options), sys.stdout)
    return DONE


def _print_config(options: argparse.Namespace) -> int:
    from tradeul import config_commands  # noqa: PLC0415

    config_commands.show(_config(options), sys.stdout, defaults=options.defaults)
    return DONE


def _unit(options: argparse.Namespace) -> int:
    from tradeul import unit  # noqa: PLC0415

    print(unit.shipped_text(options.other) if options.other else unit.unit_text(), end="")
    return DONE


def _doctor(options: argparse.Namespace) -> int:
    from tradeul.doctor import Wish, examine  # noqa: PLC0415

    wish = Wish(_config(options), options.url, _own_token(options), options.symbol, options.feed)
    well = _on_loop(examine(wish, sys.stdout))
    return DONE if well else FAILED


def _config(options: argparse.Namespace) -> Path | None:
    return getattr(options, "config", None)


def _on_loop(work: Coroutine[Any, Any, T]) -> T:
    import asyncio  # noqa: PLC0415

    import uvloop  # noqa: PLC0415

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)
