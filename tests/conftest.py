"""Soak runs: with COIL_SOAK set, what the tests marked `soak` report goes to docs/soak.md."""

import os

from coiltools import paths, soakreport

_PAGE = paths.ROOT / "docs" / "soak.md"


def pytest_configure(config):
    if os.environ.get("COIL_SOAK") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Collector(), "coil-soak")


class _Collector:
    def pytest_runtest_logreport(self, report):
        if "soak" not in report.keywords or report.skipped:
            return
        if report.when == "call" or report.failed:
            result = soakreport.Result(
                report.nodeid, report.passed, report.duration, report.user_properties
            )
            # At once, because a soak is long, and may be ended.
            commit = soakreport.commit(paths.ROOT, _PAGE.relative_to(paths.ROOT))
            soakreport.update(_PAGE, paths.ROOT, [result], commit, soakreport.now())
