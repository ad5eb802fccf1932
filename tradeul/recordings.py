"""Recordings of a world: who makes them, and where they lie. `app` asks."""

from pathlib import Path
from typing import Final

from tradeul.clock import Clock
from tradeul.domain.session import TradingCalendar
from tradeul.recording.recorder import FileRecorder
from tradeul.settings import Settings
from tradeul.supervisor import Stage, Supervisor
from tradeul.world import state_folder, world_of

FOLDER: Final = "recordings"


def folder_of(settings: Settings) -> Path:
    """Find where the recordings of the settings' world are."""
    return state_folder(settings) / FOLDER


def recorder_of(settings: Settings, clock: Clock, calendar: TradingCalendar, supervisor: Supervisor) -> FileRecorder:
    """Have one ready; it keeps nothing until it is told to."""
    recorder = FileRecorder(folder_of(settings), world_of(settings), clock, calendar, on=False)
    supervisor.start("recorder", recorder.run, stage=Stage.FEEDS)
    supervisor.add_stop(Stage.FEEDS, "recording", recorder.close)
    return recorder
