"""A vendor that loses, repeats, delays and mixes up what it hears and says, until it is fair: then all is well soon."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.vendor import second_bar
from tradeul.polygon.conversation import Conversation, Pace
from tradeul.polygon.frames import Channel, decode_frame

PACE = Pace(batch_channels=2)
GAP_S = PACE.batch_gap_s
HEALED_WITHIN_S = 35.0
HALF = 0.5
EVICTIONS = 0.02
NAMES = ("A", "BRK.B", "BACpL")
"""Few, so that much happens to each."""

Status = dict[str, Any]


def channels(names: frozenset[str]) -> frozenset[Channel]:
    return frozenset(Channel(f"A.{name}") for name in names)


def status(word: str, message: str) -> Status:
    return {"ev": "status", "status": word, "message": message}


@dataclass
class Vendor:
    """What it holds for this connection, and its answers that are under way."""

    holds: set[str] = field(default_factory=set)
    answers: list[Status] = field(default_factory=list)

    def takes(self, action: str, asked: list[str]) -> None:
        """Do as asked; there is no answer about what is so already."""
        for channel in asked:
            if (action == "subscribe") is (channel not in self.holds):
                (self.holds.add if action == "subscribe" else self.holds.discard)(channel)
                self.answers.append(status("success", f"{action}d to: {channel}"))


class World:
    """A conversation with that vendor; time moves by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.wanted: frozenset[str] = frozenset()
        self.connect()

    def connect(self) -> None:
        """Begin anew, as after an eviction: what was held and what was under way is no more."""
        self.vendor = Vendor()
        self.talk = Conversation("key", PACE, channels(self.wanted), self.now)
        self.hear(status("connected", ""))
        self.talk.next_words(self.now)
        self.hear(status("auth_success", ""))

    def want(self, names: frozenset[str]) -> None:
        self.wanted = names
        self.talk.want(channels(names))

    def hear(self, *elements: Status) -> None:
        self.talk.hear(decode_frame(orjson.dumps(elements)), self.now)

    def speak(self, lost: float = 0.0, chance: Random | None = None) -> bool:
        """Let a request be sent that is due, of which a share does not reach the vendor; whether there was one."""
        confirmed, pending = set(self.talk.confirmed), dict(self.talk.pending)
        words = self.talk.next_words(self.now)
        if words is None:
            return False
        said = orjson.loads(words)
        asked = said["params"].split(",")
        assert len(asked) <= PACE.batch_channels
        if said["action"] == "unsubscribe":
            for channel in channels(self.wanted) & set(asked):
                assert channel not in confirmed
                assert self.now - pending[channel] >= PACE.answer_within_s
        self.vendor.takes(said["action"], [each for each in asked if chance is None or chance.random() >= lost])
        return True

    def data(self) -> None:
        """Everything that is held trades."""
        if self.vendor.holds:
            self.hear(*(second_bar(channel.partition(".")[2]) for channel in sorted(self.vendor.holds)))

    def be_fair(self, *, trading: bool) -> None:
        """From now on take everything and answer at once; what was under way comes first."""
        for step in range(int(HEALED_WITHIN_S / GAP_S)):
            self.hear(*self.vendor.answers)
            self.vendor.answers.clear()
            if trading and not step % 4:
                self.data()
            self.speak()
            self.now += GAP_S
        self.hear(*self.vendor.answers)
        self.vendor.answers.clear()

    def assert_well(self) -> None:
        """What is wanted, held and known to be held is one, and there is nothing more to say."""
        assert self.vendor.holds == self.talk.confirmed == channels(self.wanted)
        assert not self.talk.pending
        self.now += 1_000
        assert not self.speak()


OFTEN = ("speak", "deliver", "wait a gap")
SELDOM = ("want", "wait for long", "trade")
MIXED_UP = (*OFTEN, *OFTEN, *SELDOM, "deliver any", "repeat any", "lose any")
IN_ORDER = (*OFTEN, *OFTEN, *SELDOM, "speak with loss", "lose a confirmation")
STEPS = 80

chances = st.integers(0, 2**32).map(Random)


def lived(chance: Random, kinds: tuple[str, ...]) -> World:
    """A world after much has happened in it, and with a new wish."""
    world = World()
    for _ in range(chance.randrange(STEPS)):
        happened(world, chance.choice(kinds) if chance.random() > EVICTIONS else "evict", chance)
    world.want(wish(chance))
    return world


def wish(chance: Random) -> frozenset[str]:
    return frozenset(name for name in NAMES if chance.random() < HALF)


def happened(world: World, what: str, chance: Random) -> None:
    """Let one thing happen."""
    match what:
        case "want":
            world.want(wish(chance))
        case "speak":
            world.speak()
        case "speak with loss":
            world.speak(chance.random(), chance)
        case "wait a gap":
            world.now += GAP_S
        case "wait for long":
            world.now += chance.uniform(1.0, 12.0)
        case "trade":
            world.data()
        case "evict":
            world.connect()
        case of_an_answer if world.vendor.answers:
            answered(world, of_an_answer, chance)


def answered(world: World, what: str, chance: Random) -> None:
    """Let one thing happen to an answer that is under way."""
    answers = world.vendor.answers
    any_one = chance.randrange(len(answers))
    match what:
        case "deliver":
            world.hear(answers.pop(0))
        case "deliver any":
            world.hear(answers.pop(any_one))
        case "repeat any":
            world.hear(answers[any_one])
        case "lose any":
            answers.pop(any_one)
        case "lose a confirmation" if answers[0]["message"].startswith("subscribed"):
            answers.pop(0)


@settings(max_examples=200)
@given(chances, st.booleans())
def test_whatever_becomes_of_its_answers_all_is_well_in_35_seconds(chance: Random, trading: bool) -> None:
    """Lost, repeated, late by any time and in any order: once it is fair nothing is missing and nothing left over."""
    world = lived(chance, MIXED_UP)
    chance.shuffle(world.vendor.answers)

    world.be_fair(trading=trading)

    world.assert_well()


@settings(max_examples=200)
@given(chances)
def test_lost_requests_are_healed_too(chance: Random) -> None:
    """Requests lost whole or in part, confirmations lost or late in their order: what comes and goes shows the rest."""
    world = lived(chance, IN_ORDER)

    world.be_fair(trading=True)

    world.assert_well()
