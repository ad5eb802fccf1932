"""`python -m tradeul`."""

import sys

from tradeul.cli import main

sys.exit(main())
