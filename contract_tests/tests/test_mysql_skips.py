"""Is a MySQL test that did not run seen by whoever reads the end of the run, and refused in CI?"""

from __future__ import annotations

from pathlib import Path

import pytest

NEEDS = """
    def test_needs(zcrm_mysql_server):
        pass
    def test_needs_too(zcrm_mysql_server):
        pass
"""

SNEAKY = {
    "inline": """
        import pytest
        @pytest.mark.zcrm_mysql
        def test_skips():
            pytest.skip("tired")
    """,
    "mark": """
        import pytest
        @pytest.mark.skipif(True, reason="tired")
        def test_skips(zcrm_mysql_server):
            pass
    """,
    "module_mark": """
        import pytest
        pytestmark = [pytest.mark.zcrm_mysql, pytest.mark.skip("tired")]
        def test_skips():
            pass
    """,
    "fixture": """
        import pytest
        @pytest.fixture
        def tired():
            pytest.skip("tired")
        @pytest.mark.zcrm_mysql
        def test_skips(tired):
            pass
    """,
    "import": """
        import pytest
        @pytest.mark.zcrm_mysql
        def test_skips():
            pytest.importorskip("no_such_module", reason="tired")
    """,
    "unittest": """
        import pytest, unittest
        @pytest.mark.zcrm_mysql
        class TestSkips(unittest.TestCase):
            def test_skips(self):
                self.skipTest("tired")
    """,
}


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any server, and no CI."""
    for name in ("URL", "TREE", "PROVIDER", "REQUIRED"):
        monkeypatch.delenv(f"ZCRM_TEST_MYSQL_{name}", raising=False)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.parametrize("workers", ["0", "2"])
def test_one_line_says_what_was_not_tested(pytester: pytest.Pytester, workers: str) -> None:
    """Without a server the tests are skipped, and the last line but pytest's own says so and what to do."""
    pytester.makepyfile(NEEDS)

    result = pytester.runpytest_subprocess("-n", workers)

    assert result.ret == 0
    result.assert_outcomes(skipped=2)
    said = [number for number, line in enumerate(result.outlines) if line.startswith("NOT TESTED: 2 tests")]
    assert said == [len(result.outlines) - 2]
    assert "Start Docker, or set ZCRM_TEST_MYSQL_URL=mysql://" in result.outlines[-2]
    assert "docker: no Docker daemon" in result.outlines[-2]


def test_a_run_without_mysql_tests_says_nothing(pytester: pytest.Pytester) -> None:
    """Where no test needs a server, no line speaks of MySQL."""
    pytester.makepyfile("def test_a(): pass")

    assert "MySQL" not in pytester.runpytest_subprocess().stdout.str()


@pytest.mark.parametrize("variable", ["CI", "ZCRM_TEST_MYSQL_REQUIRED"])
def test_absence_is_a_failure_where_mysql_is_required(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """In CI, a test that has no server fails, with every source's reason."""
    monkeypatch.setenv(variable, "1")
    pytester.makepyfile(NEEDS)

    result = pytester.runpytest_subprocess()

    assert result.ret == 1
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*no MySQL server: url: *docker: *process: *"])


@pytest.mark.parametrize("workers", ["0", "1"])
def test_no_road_leads_around_a_mysql_test_in_ci(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    """However a MySQL test is skipped, in CI it fails and the reason is shown; elsewhere it is skipped."""
    pytester.makepyfile(**{f"test_{road}": test for road, test in SNEAKY.items()})
    pytester.runpytest_subprocess("-n", workers).assert_outcomes(skipped=len(SNEAKY))
    monkeypatch.setenv("CI", "true")

    result = pytester.runpytest_subprocess("-n", workers)

    assert result.ret == 1
    assert "skipped" not in result.parseoutcomes()
    for road in SNEAKY:
        result.stdout.re_match_lines([rf"(FAILED|ERROR) test_{road}\.py\b.*A MySQL test may not be skipped"])


def test_a_module_that_skips_itself_fails_in_ci(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder's conftest can hand its collection reports over, so that no file of it goes missing."""
    pytester.makeconftest(
        """
        import pytest
        from zcrm_contract_tests.mysql.pytest_plugin import forbid_skip
        @pytest.hookimpl(wrapper=True)
        def pytest_make_collect_report():
            report = yield
            forbid_skip(report)
            return report
        """
    )
    pytester.makepyfile("import pytest\npytest.importorskip('no_such_module', reason='tired')")
    assert pytester.runpytest_subprocess().ret == 5  # no tests
    monkeypatch.setenv("CI", "true")

    result = pytester.runpytest_subprocess()

    assert result.ret == 2
    result.stdout.fnmatch_lines(["*A MySQL test may not be skipped*tired*"])


def test_other_skips_and_expected_failures_stay(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In CI, a test that needs no MySQL may be skipped, and an expected failure is no skip."""
    monkeypatch.setenv("CI", "true")
    pytester.makepyfile(
        """
        import pytest
        def test_other():
            pytest.skip("tired")
        @pytest.mark.zcrm_mysql
        @pytest.mark.xfail
        def test_known():
            assert False
        """
    )

    result = pytester.runpytest_subprocess()

    assert result.ret == 0
    result.assert_outcomes(skipped=1, xfailed=1)
