"""Names the suites that ran, and any that were left out, at the end of every run."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

pytest_plugins = ("tests.services",)

SUITES = ("unit", "contract", "flows", "golden", "live")
HERE = Path(__file__).parent


def suite_of(nodeid: str) -> str:
    """Suite folder of a test, `other` outside of them."""
    parts = Path(nodeid.split("::")[0]).parts
    return parts[1] if len(parts) > 2 and parts[0] == "tests" else "other"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line a suite: passed, failed, left out and why."""
    stats = terminalreporter.stats
    counts: dict[str, Counter[str]] = {}
    reasons: dict[str, set[str]] = {}
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in stats.get(outcome, []):
            suite = suite_of(report.nodeid)
            counts.setdefault(suite, Counter())[outcome] += 1
            if outcome == "skipped" and isinstance(report.longrepr, tuple):
                reasons.setdefault(suite, set()).add(str(report.longrepr[2]))
    terminalreporter.section("suites")
    for suite in SUITES:
        seen = counts.get(suite)
        if seen is None:
            continue
        line = f"{suite}: {seen['passed']} passed, {seen['failed'] + seen['error']} failed"
        if seen["skipped"]:
            line += f", {seen['skipped']} left out ({'; '.join(sorted(reasons[suite]))})"
        terminalreporter.write_line(line)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):  # type: ignore[no-untyped-def]
    """With CI=true nothing is left out: a skip is a failure."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"left out although CI=true: {report.longrepr}"
