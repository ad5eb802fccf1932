"""The commands. Whatever a user can cause ends in one clear line and an exit code, never in a traceback.

Exit codes: 0 done, 1 failed, 2 bad usage or configuration. What a command does is in a module of its own.
"""

import argparse
import gc
import os
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from tradeul.errors import TradeulError, UsageError
from tradeul.usage import parser

T = TypeVar("T")

DONE: Final = 0
FAILED: Final = 1
BAD_USAGE: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; gives the exit code."""
    options = parser().parse_args(arguments)
    try:
        return COMMANDS[options.command](options)
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
    from tradeul.rvol_audit_command import audit  # noqa: PLC0415

    _on_loop(audit(options.url, options.day, sys.stdout, _own_token(options)))
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


COMMANDS: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = {
    "run": _run,
    "exchange": _exchange,
    "replay": _replay,
    "load": _load,
    "scan": _scan,
    "recall": _recall,
    "record": _record,
    "backtest": _backtest,
    "audit": _audit,
    "token": _token,
    "watch": _watch,
    "check_config": _check_config,
    "print_config": _print_config,
    "unit": _unit,
    "doctor": _doctor,
}
