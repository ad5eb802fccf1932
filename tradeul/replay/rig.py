"""The engine alone, for a recording that is played to be compared, or to ask its board other questions."""

from tradeul.clock import LedClock
from tradeul.domain.announced import AnnouncedCalendar
from tradeul.domain.board import Board
from tradeul.domain.events import MarketImage
from tradeul.engine.channels import Channels
from tradeul.engine.discovery import Discovery
from tradeul.engine.enrichment import Enrichment
from tradeul.engine.fingerprint import Fingerprint
from tradeul.engine.intake import Intake
from tradeul.engine.pipeline import Pipeline
from tradeul.engine.rerun import Rerun
from tradeul.engine.scanner import Scanner
from tradeul.engine.vitals import Vitals
from tradeul.engine.whole_state import Engine
from tradeul.errors import VendorUnavailable
from tradeul.replay.pace import FASTEST, Pace
from tradeul.replay.player import Player, Range
from tradeul.replay.tape import Tape
from tradeul.world import calendar_of


class NoSource:
    """Stands where a vendor is asked: there is none."""

    async def snapshot(self) -> MarketImage:
        raise VendorUnavailable("a replay asks no vendor")


class Rig:
    """Everything from the tape to the lists; without them, up to the board."""

    def __init__(self, tape: Tape, span: Range, *, lists: bool = True) -> None:
        self.clock = clock = LedClock(tape.header.started)
        self.vitals = vitals = Vitals(clock.now())
        calendar, board = AnnouncedCalendar(calendar_of(clock)), Board()
        channels = Channels("replay", (), clock)
        enrichment, scanner = Enrichment(board, calendar), Scanner(board, (), (), channels)
        pipeline = Pipeline(enrichment, scanner, clock, vitals, (), lambda: self.rerun.halts_told)
        discovery = Discovery(NoSource(), pipeline, clock, calendar, vitals, 5.0, lambda _at: None)
        engine = Engine(calendar, enrichment, scanner, pipeline, channels, Fingerprint(channels))
        self.enrichment = enrichment
        self.rerun = rerun = Rerun(engine, discovery, Intake(clock, calendar, vitals), clock.show, lists=lists)
        pipeline.log = rerun if lists else None
        self.player = Player(tape, rerun, vitals, Pace(clock, FASTEST), span)
