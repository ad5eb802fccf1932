"""How the interpreter looks for garbage while the program serves: rarely, and not where nothing is.

What a start makes lives to the end, and what viewers hold lives long; looking through all of it holds the loop for as
long as there is much of it: for 0.2 s with 3,000 viewers that had come at once. `app` calls this when it is up.
"""

import gc
from typing import Final

YOUNG: Final = 700
MIDDLE: Final = 10
OLD: Final = 200
"""So many looks through what is younger before all is looked through. 10,000 viewers who come make for 110."""


def settle() -> None:
    """Take what is there for lasting, and begin to look for garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    gc.enable()
