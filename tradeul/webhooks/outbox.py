"""Letters that wait to be delivered, and those that were given up: in memory at once, on the disk a moment later.

Bounded: beyond `MOST_WAITING` a letter is given up as it comes, beyond `MOST_DEAD` the oldest of those is forgotten
and counted. While the disk refuses, memory is all there is; once it takes again everything is written anew.
"""

import asyncio
from typing import Final

import structlog

from tradeul.clock import Clock
from tradeul.webhooks.outbox_file import Letter, Line, OutboxFile

MOST_WAITING: Final = 50_000
"""More than may ring in an hour; some 25 MB."""
MOST_DEAD: Final = 1_000
MOST_UNWRITTEN: Final = 10_000
"""Lines; beyond, the file is written anew instead."""
SPARE_LINES: Final = 2_000
KEPT_WITHIN_S: Final = 0.1

FULL: Final = "too many were waiting"

log = structlog.get_logger(__name__)


class Outbox:
    """Without a file it is kept in memory alone."""

    def __init__(self, file: OutboxFile | None, clock: Clock) -> None:
        self.waiting: dict[str, dict[int, Letter]] = {}
        """By rule, and of each in the order of their ids."""
        self.dead: dict[int, Letter] = {}
        self.forgotten = 0
        self.damaged = 0
        self.trouble = ""
        self._file = file
        self._clock = clock
        self._unwritten: list[Line] = []
        self._written = 0
        """Lines in the file."""
        self._anew = False

    def __len__(self) -> int:
        return sum(map(len, self.waiting.values()))

    async def restore(self) -> None:
        """Take up what the last life of the program left."""
        if self._file is None:
            return
        try:
            letters, self.damaged = await asyncio.to_thread(self._file.load)
        except OSError as error:
            self._refused(error)
            return
        for letter in letters.values():
            self._place(letter)
        self._written = len(letters)
        self._anew = self.damaged > 0

    def put(self, letter: Letter) -> None:
        """Add one that came after all others."""
        full = len(self) >= MOST_WAITING
        self._change(Letter(letter.id, letter.rule, letter.body, letter.queued_at, FULL) if full else letter)

    def done(self, letter: Letter) -> None:
        """It was delivered."""
        self._take_out(letter)
        self._note(Line("done", letter.id))

    def bury(self, letter: Letter, why: str) -> None:
        """Give it up."""
        self._take_out(letter)
        self._change(Letter(letter.id, letter.rule, letter.body, letter.queued_at, why))

    def retry(self, rule: str | None) -> int:
        """Have those given up wait again, as if they were new but for their place."""
        now = self._clock.wall()
        again = [letter for letter in self.dead.values() if rule in (None, letter.rule)]
        for letter in again:
            del self.dead[letter.id]
            self._change(Letter(letter.id, letter.rule, letter.body, now))
        for name in {letter.rule for letter in again}:
            self.waiting[name] = dict(sorted(self.waiting[name].items()))
        return len(again)

    async def run(self) -> None:
        """Write what changed, for ever."""
        while True:
            await self._clock.pause(KEPT_WITHIN_S)
            await self.keep()

    async def keep(self) -> None:
        """Write what changed."""
        if self._file is None or not (self._unwritten or self._anew):
            self._unwritten.clear()
            return
        lines, self._unwritten = self._unwritten, []
        letters = [*self.dead.values(), *(letter for of in self.waiting.values() for letter in of.values())]
        try:
            if self._anew or self._written + len(lines) > 2 * len(letters) + SPARE_LINES:
                await asyncio.to_thread(self._file.rewrite, letters)
                self._written = len(letters)
            else:
                await asyncio.to_thread(self._file.append, lines)
                self._written += len(lines)
        except OSError as error:
            self._anew = True
            self._refused(error)
        else:
            self._anew = False
            self.trouble = ""

    def _change(self, letter: Letter) -> None:
        self._place(letter)
        self._note(Line("kept", letter=letter))
        while len(self.dead) > MOST_DEAD:
            oldest = next(iter(self.dead))
            del self.dead[oldest]
            self.forgotten += 1
            self._note(Line("done", oldest))

    def _place(self, letter: Letter) -> None:
        if letter.why:
            self.dead[letter.id] = letter
        else:
            self.waiting.setdefault(letter.rule, {})[letter.id] = letter

    def _take_out(self, letter: Letter) -> None:
        of_rule = self.waiting[letter.rule]
        del of_rule[letter.id]
        if not of_rule:
            del self.waiting[letter.rule]

    def _note(self, line: Line) -> None:
        if len(self._unwritten) >= MOST_UNWRITTEN:
            self._unwritten.clear()
            self._anew = True
        self._unwritten.append(line)

    def _refused(self, error: OSError) -> None:
        reason = error.strerror or "the disk refused"
        if not self.trouble:
            log.warning("outbox_not_kept", reason=reason)
        self.trouble = f"webhooks that wait are not kept, and would not survive a restart: {reason}"
