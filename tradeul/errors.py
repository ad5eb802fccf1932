"""Every error tradeul raises on purpose, and whose fault each is; those with an owner live beside it.

TradeulError
├── UsageError            the user's: a wrong command, option or setting (exit 2)
│   ├── ConfigurationError    the setting's path is in the message
│   ├── Refused               what a user defines by name cannot be made; names the part (engine/refusals)
│   ├── NotYours              it is built in or the settings', so it cannot be deleted (engine/refusals)
│   ├── UnknownSymbols        a symbol to be watched is not on the board (engine/watches)
│   ├── TooManyWatched        more symbols than may be watched at a time (engine/watches)
│   └── ExpressionError       a condition that cannot be read; points at the column (domain/tokens)
├── VendorError           the vendor's or the network's
│   ├── VendorUnavailable     try again; `retry_after_s` when the vendor named a wait
│   ├── VendorRefused         asking again changes nothing: key, plan or unknown path
│   └── SnapshotRefused       the body came, but is not a market: the last good one stays
├── BadRequest            a viewer's: its message is not of the protocol (web/protocol)
├── RecordingDamaged      a file's: it is no recording, or not one that can be understood (recording/format)
├── CannotReplay          a recording's: it can be read, but not be played again (replay)
├── StepUnreadable        a recording's: a step or state in it is none that this version knows (engine/steps)
├── OutOfStep             a client's own state: something was missed, ask for it again (client)
├── ServerLost            a client's server is gone or silent (client)
│   └── NotServed             it does not want us: coming back would change nothing (client)
├── EmbeddedFailed        the machine's or the operator's: the embedded Postgres does not run (history/embedded)
│   └── FolderInUse           another tradeul holds the folder of this world
├── HistoryUnavailable    the database's or the way to it: what was kept cannot be read now
├── JobFailed             a job's that was asked for: the vendor or the database refused what it needs (exit 1)
├── AddressInUse          the operator's: another program holds our port (exit 1)
└── TaskFailedTooOften    ours: a task died five times in a minute (exit 1)
"""


class TradeulError(Exception):
    """The root: whatever derives from it can be shown to a person as one line."""


class UsageError(TradeulError):
    """The user asked for something that cannot be done; nothing was changed."""


class ConfigurationError(UsageError):
    """A setting is unknown, missing or out of range."""


class VendorError(TradeulError):
    """The vendor or the way to it failed."""


class VendorUnavailable(VendorError):
    """It may work the next time."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class VendorRefused(VendorError):
    """The vendor understood and said no."""


class SnapshotRefused(VendorError):
    """A snapshot arrived that cannot be trusted as a whole. `reason` is a counter's name."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class EmbeddedFailed(TradeulError):
    """The embedded Postgres does not run, and why."""


class FolderInUse(EmbeddedFailed):
    """Another program holds the folder of a world."""


class HistoryUnavailable(TradeulError):
    """What was kept cannot be read now; nothing else is touched by it."""


class JobFailed(TradeulError):
    """What was to be loaded is not, or not all of it."""


class AddressInUse(TradeulError):
    """Another program listens where we want to."""


class TaskFailedTooOften(TradeulError):
    """A supervised task keeps dying; the process ends so that its supervisor can start it anew."""
