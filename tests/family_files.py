"""A family of architectures that is not shipped: the one that docs/families.md writes."""

from __future__ import annotations

import re
from pathlib import Path

_PAGE = Path(__file__).resolve().parent.parent / "docs" / "families.md"

#: An output-stationary systolic array under one buffer.
(OUTPUT_STATIONARY,) = re.findall(r"```yaml\n# family\n(.*?)```", _PAGE.read_text(encoding="utf-8"), re.DOTALL)
