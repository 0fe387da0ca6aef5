from __future__ import annotations

import logging

import pytest

from casa_desktop.system.quiet_log import quieter


@pytest.mark.parametrize("adapted", [False, True])
def test_the_quieter_log_passes_less_on_and_the_log_itself_as_much_as_before(
    adapted: bool, caplog: pytest.LogCaptureFixture
) -> None:
    log = logging.getLogger("of-the-test")
    log.setLevel("INFO")
    quiet = quieter(logging.LoggerAdapter(log, {}) if adapted else log, "ERROR")
    for each in (log, quiet):
        each.info("not important")
        each.error("important")
    assert [each.getMessage() for each in caplog.records] == ["not important", "important", "important"]
