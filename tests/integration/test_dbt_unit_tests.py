"""dbt's own unit tests, run by dbt on a warehouse that has its tables."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from orchestration import dbt
from orchestration import settings as config


def test_every_dbt_unit_test_passes(copied_home: Path):
    settings = config.load({"TIEOUT_HOME": str(copied_home)})
    printed = dbt.run(replace(settings, home=copied_home), "test", "--select", "test_type:unit")
    found = re.search(r"PASS=(\d+) WARN=0 ERROR=0 SKIP=0", printed)
    assert found, printed[-3000:]
    assert int(found.group(1)) >= 40
