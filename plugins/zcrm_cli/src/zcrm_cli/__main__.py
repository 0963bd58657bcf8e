"""What does ``python -m zcrm_cli`` do? The same as the command ``zcrm``."""

from __future__ import annotations

import sys

from zcrm_cli.main import main

sys.exit(main())
