"""Does `zcrm plugins` show what is installed, what is broken, and which store a configuration gets?"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from zcrm_simulator import Simulator

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Configure = Callable[..., Path]


def test_without_a_configuration_the_installed_ones_are_shown(run: Run) -> None:
    """Name, wheel, version, priority and hooks of each plugin are there, and nothing is chosen."""
    done = run("plugins")

    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^file +zcrm-store-file +\d+\.\d+\.\d+ +200 +", done.stdout, re.MULTILINE)
    # Beside plugins with long names the last column takes several lines.
    assert re.search(
        r"^simulator +zcrm-simulator +\S+ +- +choose_region,\s+config_keys", done.stdout, re.MULTILINE
    )
    assert "nowhere" not in done.stdout
    assert "chosen." not in done.stdout.replace("which store is chosen, and why", "")


def test_a_path_chooses_the_file_store(run: Run, configure: Configure) -> None:
    """With token_persistence_path the file store is chosen and each store's reason is there."""
    done = run("plugins", "--config", str(configure()))

    assert done.returncode == 0
    assert "Tokens are kept by the store file." in done.stdout
    assert re.search(r"^file +200 +chosen +token_persistence_path is set", done.stdout, re.MULTILINE)
    assert re.search(r"^custom +300 +not asked for +none of its keys is set *$", done.stdout, re.MULTILINE)


LONG = "a_company_with_a_very_long_name_and_its_store_of_tokens"


def test_a_row_is_one_line_for_a_file_or_another_program(
    run: Run, configure: Configure, tmp_path: Path
) -> None:
    """Without a terminal no name is cut in two, however long: the output can be searched and copied."""
    source = rival(tmp_path, priority=250, name=LONG)

    more = {"PYTHONPATH": source, "COLUMNS": "40", "FORCE_COLOR": "1", "NO_COLOR": "1"}
    done = run("plugins", "--config", str(configure()), more=more)

    assert done.returncode == 0, done.stderr
    [plugin, store] = re.findall(rf"^{LONG} .*", done.stdout, re.MULTILINE)
    assert re.search(rf" zcrm-{LONG} +9\.8\.7 +250 +config_keys, .*, token_store *$", plugin)
    assert re.search(r" 250 +chosen +\S.* is set", store)
    assert f"Tokens are kept by the store {LONG}.\n" in done.stdout


@pytest.mark.parametrize("columns", ["40", "90", "300"])
def test_a_terminal_s_own_width_is_used_and_no_name_is_cut(
    at_terminal: Callable[..., tuple[int, str]], configure: Configure, tmp_path: Path, columns: str
) -> None:
    """Hooks take several lines where one is too short; wheels and hooks are whole in every width."""
    more = {"PYTHONPATH": rival(tmp_path, priority=250, name=LONG), "COLUMNS": columns, "NO_COLOR": "1"}

    code, screen = at_terminal("plugins", "--config", str(configure()), more=more)

    assert code == 0
    assert f" zcrm-{LONG} " in screen
    assert "delete_token," in screen
    one_line = re.search(rf"^{LONG} .*config_keys, .*, token_store", screen, re.MULTILINE)
    assert bool(one_line) == (columns == "300")


def flat(text: str) -> str:
    """A text without the line breaks of its table."""
    return " ".join(text.split())


def test_a_store_that_ranks_lower_is_explained(run: Run, configure: Configure) -> None:
    """What else the configuration would take is there with the reason why it is not used."""
    done = run("plugins", "--config", str(configure(db_host="localhost")))

    assert re.search(
        r"^mysql +100 +outranked +db_host is set, but file ranks higher", done.stdout, re.MULTILINE
    )


def test_a_pin_is_the_reason(run: Run, configure: Configure) -> None:
    """With token_store, that key is named as the reason, for the store in force and for the others."""
    done = run("plugins", "--config", str(configure(token_store="mysql")))

    assert "Tokens are kept by the store mysql." in done.stdout
    assert re.search(r"^mysql +100 +chosen +token_store = mysql names it", done.stdout, re.MULTILINE)
    assert re.search(r"^file +200 +not asked for +token_store = mysql names anoth", done.stdout, re.MULTILINE)


def test_what_an_own_class_cannot_do_is_shown(run: Run, configure: Configure, tmp_path: Path) -> None:
    """The reader sees what zcrm adds to a class with older names, and what nobody promises for it."""
    methods = "".join(f"    def {name}(self, it): ...\n" for name in ("saveOAuthData", "getOAuthTokens"))
    source = f"class Mine:\n{methods}    def deleteOAuthTokens(self, it): ...\n"
    (tmp_path / "mine.py").write_text(source, encoding="utf-8")

    done = run("plugins", "--config", str(configure(persistence_handler_class_path="mine.py")))

    assert done.returncode == 0, done.stderr
    assert re.search(r"^custom +300 +chosen +persistence_handler_class_path", done.stdout, re.MULTILINE)
    for text in ("replaces is compared", "the refresh lock is one of this", "does not list", "share one"):
        assert text in flat(done.stdout), text


def test_an_own_class_that_cannot_be_used_is_shown_with_its_fault(
    run: Run, configure: Configure, tmp_path: Path
) -> None:
    """The plugins are shown, then cause and cure, and the exit status says that it is not in order."""
    (tmp_path / "mine.py").write_text("1 / 0\n", encoding="utf-8")

    done = run("plugins", "--config", str(configure(persistence_handler_class_path="mine.py")))

    assert done.returncode == 1
    assert re.search(r"^custom +zcrm-store-custom +", done.stdout, re.MULTILINE)
    assert "ZCRM-CUSTOM-004" in done.stderr
    assert "mine.py raised ZeroDivisionError while it was imported" in flat(done.stderr)
    assert "What to do" in done.stderr


def installed(tmp_path: Path, name: str, source: str, attribute: str = "") -> str:
    """Install a wheel ``zcrm-<name> 9.8.7`` with a plugin of this source; give the folder."""
    folder = tmp_path / "installed"
    info = folder / f"zcrm_{name}-9.8.7.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: zcrm-{name}\nVersion: 9.8.7\n", encoding="utf-8"
    )
    (info / "entry_points.txt").write_text(f"[zcrm]\n{name} = zcrm_{name}{attribute}\n", encoding="utf-8")
    (folder / f"zcrm_{name}.py").write_text(source, encoding="utf-8")
    return str(folder)


def rival(tmp_path: Path, priority: int, name: str = "rival") -> str:
    """Install a store of this rank that takes the file store's key; give the folder."""
    source = (
        "from zcrm_store_file.plugin import FileStorePlugin\n"
        f"class Rival(FileStorePlugin):\n    name, priority = {name!r}, {priority}\n    config_keys = {{}}\n"
    )
    return installed(tmp_path, name, source, ":Rival")


def test_an_own_class_that_another_store_outranks_may_be_broken(
    run: Run, configure: Configure, tmp_path: Path
) -> None:
    """Where a store of higher rank is in force, the fault of the class is only told."""
    (tmp_path / "mine.py").write_text("1 / 0\n", encoding="utf-8")
    more = {"PYTHONPATH": rival(tmp_path, priority=301)}

    done = run("plugins", "--config", str(configure(persistence_handler_class_path="mine.py")), more=more)

    assert done.returncode == 0, done.stderr
    assert "Tokens are kept by the store rival." in done.stdout
    assert "cannot be used: [ZCRM-CUSTOM-004]" in flat(done.stdout)


def test_two_stores_of_one_rank_are_an_error(run: Run, configure: Configure, tmp_path: Path) -> None:
    """The plugins are shown, then the two stores and the key that decides."""
    done = run("plugins", "--config", str(configure()), more={"PYTHONPATH": rival(tmp_path, priority=200)})

    assert done.returncode == 1
    assert "zcrm-rival" in done.stdout
    assert "ZCRM-PLUGIN-005" in done.stderr
    assert "rival (zcrm-rival 9.8.7)" in flat(done.stderr)


def test_what_is_switched_off_is_shown_as_such_and_a_wrong_name_is_remarked(run: Run) -> None:
    """A disabled plugin is not called broken; a name that no plugin has is told with the one meant."""
    done = run("plugins", more={"ZCRM_DISABLE_PLUGINS": "mysql,fiel"})

    assert done.returncode == 0
    assert re.search(r"^mysql +zcrm-store-mysql +\S+ +- +disabled by", done.stdout, re.MULTILINE)
    assert "BROKEN" not in done.stdout
    assert "ZCRM-PLUGIN-007" not in done.stdout, "it is no fault"
    assert "ZCRM-PLUGIN-010: ZCRM_DISABLE_PLUGINS names fiel" in done.stdout
    assert "Did you mean file?" in done.stdout


def test_a_region_that_fails_keeps_neither_plugins_nor_the_choice_from_being_shown(
    run: Run, tmp_path: Path
) -> None:
    """Without a configuration no region plugin is asked; with one, the store is explained all the same."""
    source = (
        "from zcrm_core import hookimpl\n@hookimpl\ndef zcrm_choose_region(config): raise SystemExit('bye')\n"
    )
    folder = installed(tmp_path, "bad", source)

    done = run("plugins", more={"PYTHONPATH": folder})
    keys = {"CLIENT_ID": "1000.A", "CLIENT_SECRET": "s", "TOKEN_PERSISTENCE_PATH": str(tmp_path / "tokens")}
    asked = run(
        "plugins", more={"PYTHONPATH": folder, **{f"ZCRM_{key}": value for key, value in keys.items()}}
    )

    assert done.returncode == 0
    assert asked.returncode == 1
    assert "Tokens are kept by the store file." in asked.stdout
    assert "Region:" not in asked.stdout
    assert re.search(r"^bad +zcrm-bad +9\.8\.7 +- +choose_region *$", done.stdout, re.MULTILINE)
    assert re.findall(r"^(\w+) .* FAILED, see below *$", asked.stdout, re.MULTILINE) == ["bad"]
    assert "bad (zcrm-bad 9.8.7) failed in zcrm_choose_region" in flat(asked.stderr)
    assert "ZCRM_DISABLE_PLUGINS=bad" in asked.stderr


def test_a_wrapper_that_fails_is_told_with_what_it_wraps(
    run: Run, configure: Configure, tmp_path: Path
) -> None:
    """It fails the command's own stand-ins as well; the reader hears of the plugin that is really there."""
    source = "from zcrm_core import hookimpl\n@hookimpl(wrapper=True)\ndef zcrm_token_store():\n"
    folder = installed(tmp_path, "round", source + "    yield\n    raise ValueError\n")

    done = run("plugins", "--config", str(configure()), more={"PYTHONPATH": folder})

    assert done.returncode == 1
    assert "round (zcrm-round 9.8.7), which wraps zcrm_token_store of" in flat(done.stderr)
    assert "nowhere" not in done.stderr


def test_a_plugin_cannot_do_anything_to_the_terminal(run: Run, configure: Configure, tmp_path: Path) -> None:
    """What a plugin says of itself is shown with its control characters spelt out, and no line is forged."""
    source = (
        "from zcrm_core import *\n@hookimpl\ndef zcrm_token_store():\n"
        "    return StoreClaim('a\\x1b[2J', 1, False, 'no\\nfile 900 chosen\\x07')\n"
    )
    source += "".join(
        f"@hookimpl\ndef zcrm_{name}_token(key): return None\n" for name in ("save", "fetch", "delete")
    )
    folder = installed(tmp_path, "alarm", source)
    info = tmp_path / "installed" / "zcrm_alarm-9.8.7.dist-info"
    (info / "METADATA").write_text("Name: zcrm-\x1b]0;alarm\x07\nVersion: 9\n", encoding="utf-8")

    done = run("plugins", "--config", str(configure()), more={"PYTHONPATH": folder})

    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout
    assert r"a\x1b[2J" in done.stdout
    assert not re.search(r"^file 900 chosen", done.stdout, re.MULTILINE)


def test_a_configuration_for_mysql_alone_says_what_to_install(run: Run, configure: Configure) -> None:
    """Where only MySQL would do and is not there, the plugins are shown, then the wheel to install."""
    path = configure(token_persistence_path=None)

    done = run("plugins", "--config", str(path), more={"ZCRM_DISABLE_PLUGINS": "mysql"})

    assert done.returncode == 1
    assert "zcrm-store-file" in done.stdout
    assert "ZCRM-PLUGIN-006" in done.stderr
    assert "zcrm-store-mysql" in done.stderr


def test_a_broken_plugin_is_shown_with_its_error(run: Run, tmp_path: Path, configure: Configure) -> None:
    """It is named with wheel, version and reason, and takes no other plugin down."""
    done = run(
        "plugins",
        "--config",
        str(configure()),
        more={"PYTHONPATH": installed(tmp_path, "broken", "import zcrm_broken_missing")},
    )

    assert done.returncode == 0
    assert re.search(r"^broken +zcrm-broken +9\.8\.7 +- +BROKEN", done.stdout, re.MULTILINE)
    assert "ZCRM-PLUGIN-002: The plugin broken (zcrm-broken 9.8.7) cannot be loaded." in done.stdout
    assert "zcrm_broken_missing" in done.stdout
    assert "Tokens are kept by the store file." in done.stdout


def test_a_broken_plugin_is_told_by_every_command(run: Run, tmp_path: Path, configure: Configure) -> None:
    """It is left out without a failure of the command, so one line on standard error says so, once."""
    configure()
    more = {"PYTHONPATH": installed(tmp_path, "broken", "import zcrm_broken_missing")}

    done = run("token", "status", more=more)
    shown = run("plugins", more=more)
    disabled = run("token", "status", more=more | {"ZCRM_DISABLE_PLUGINS": "broken"})

    assert done.returncode == 0
    [line] = done.stderr.splitlines()
    assert line.startswith("ZCRM-PLUGIN-002: The plugin broken (zcrm-broken 9.8.7) cannot be loaded.")
    assert "See `zcrm plugins`." in line
    assert shown.stderr == disabled.stderr == ""


def test_no_secret_is_shown(run: Run, configure: Configure, zoho: Simulator) -> None:
    """The configuration's secret is in no output of the command, with --debug as well."""
    path = configure(token_store="missing")

    done = run("plugins", "--debug", "--config", str(path))

    assert done.returncode == 1
    assert zoho.config()["client_secret"] not in done.stdout + done.stderr


def test_a_logging_plugin_that_fails_is_shown(run: Run, configure: Configure, tmp_path: Path) -> None:
    """Its failure costs no call, so it is told here: with wheel, version and cure."""
    source = "from zcrm_core import hookimpl\n@hookimpl\ndef zcrm_log(event): raise OSError(event.message)\n"

    done = run(
        "plugins", "--config", str(configure()), more={"PYTHONPATH": installed(tmp_path, "mute", source)}
    )

    assert done.returncode == 0
    assert re.search(r"^mute +zcrm-mute +9\.8\.7 +- +FAILED, see below", done.stdout, re.MULTILINE)
    assert "The plugin mute (zcrm-mute 9.8.7) failed in zcrm_log." in flat(done.stdout)
    assert "ZCRM_DISABLE_PLUGINS=mute" in flat(done.stdout)
