"""Settle settings that hide, exclude or need one another, once each has its value and its source.

The functions change ``values`` and ``sources`` in place and add to ``notes`` what
the user should know. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.rules import ERROR, REQUIRED_BY_ASSERTIONS, Rule, RuleSettings
from pytest_kore_convtest.settings.options import (
    CONNECTION,
    EMULATED_INTERVALS,
    FLAKY,
    MAX_POLL_INTERVAL,
    POLL_INTERVAL,
    REAL_SPEED,
    ROWS,
    Setting,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_kore_convtest.rules import Severity
    from pytest_kore_convtest.settings.values import Shard, Target


def settle(values: dict[str, object], sources: dict[str, str], notes: list[str]) -> None:
    """Choose between target and host, emulator and platform, secret and token.

    Raises:
        ConfigError: Two settings of the same source contradict each other.
    """
    _choose_target(values, sources, notes)
    _choose_emulator(values, sources, notes)
    _choose_speed(values, sources, notes)
    _choose_bot(values, sources, notes)
    _choose_credentials(values, sources, notes)
    _choose_rules(values, sources, notes)
    _check_runs(values, sources, notes)
    _choose_share(values, sources)
    _check_together(values, sources)
    if "cov_fail_under" in values and "bot_definition" not in values:
        raise ConfigError(
            f"{named('cov_fail_under', sources)} needs the bot's export, which tells what is missing:"
            f" add {ROWS['bot_definition'].option} P.",
            name="cov_fail_under",
            source=sources["cov_fail_under"],
        )


def _choose_target(values: dict[str, object], sources: dict[str, str], notes: list[str]) -> None:
    if "target" not in values:
        return
    name = str(values["target"])
    known = {target.name: target for target in cast("tuple[Target, ...]", values.get("targets", ()))}
    if name not in known:
        from pytest_kore_convtest.settings.values import show

        raise ConfigError(
            f"{named('target', sources)}: {show(name)} is not a target in kore_targets"
            f" (known: {', '.join(sorted(known)) or 'none'})",
            name="target",
            source=sources["target"],
        )
    values["protected"] = known[name].protected
    for key, value in (("host", known[name].host), ("stream_id", known[name].stream_id)):
        if values.get(key, value) != value:
            if _prefer((key, "target"), dict(values), dict(sources), []) == key:
                notes.append(f"{named(key, sources)} hides {value} of target {name}")
                continue
            notes.append(f"{named(key, sources)} is not used: target {name} wins")
        values[key], sources[key] = value, "target"


def _choose_emulator(values: dict[str, object], sources: dict[str, str], notes: list[str]) -> None:
    if not values.get("emulator"):
        return
    from_target = sources.get("host") == "target"
    host = "target" if from_target else "host"
    if "host" in values and _rank(sources[host]) == _rank(sources["emulator"]):
        raise ConfigError(
            f"{named('emulator', sources)} and {named(host, sources)} contradict each other:"
            " set one, the emulator or a real host",
            name="emulator",
            source=sources["emulator"],
        )
    if "host" in values and _rank(sources[host]) > _rank(sources["emulator"]):
        notes.append(f"{named('emulator', sources)} is not used: {named(host, sources)} wins")
        del values["emulator"], sources["emulator"]
        return
    ignored = [name for name in CONNECTION if name in values]
    if ignored:
        notes.append("not used with the emulator: " + ", ".join(ROWS[name].ini_key for name in ignored))
    for name in ignored:
        del values[name], sources[name]
    values.pop("protected", None)


def _choose_speed(values: dict[str, Any], sources: dict[str, str], notes: list[str]) -> None:
    """Let nothing wait for the emulator but what somebody set, unless it keeps the real speed."""
    is_emulator = values.get("emulator") or ("emulator_speed" in values and _is_on_this_machine(values))
    if "emulator_speed" in values and not is_emulator:
        notes.append(f"{named('emulator_speed', sources)} is not used: it is for the emulator")
    if not is_emulator or values.get("emulator_speed") == REAL_SPEED:
        return
    shortest, longest = EMULATED_INTERVALS
    values.setdefault("poll_interval", min(shortest, values.get("max_poll_interval", shortest)))
    values.setdefault("max_poll_interval", max(longest, values["poll_interval"]))
    values.setdefault("rate_limit", False)


def _choose_share(values: dict[str, object], sources: dict[str, str]) -> None:
    """Let each of several machines take as much of the platform's limits, unless somebody says how much."""
    if "shard" in values and "rate_share" not in values:
        values["rate_share"], sources["rate_share"] = 1 / cast("Shard", values["shard"]).of, sources["shard"]


def _is_on_this_machine(values: Mapping[str, object]) -> bool:
    """Say whether the host is this machine, as that of ``kore-convtest emulator`` is."""
    from urllib.parse import urlsplit

    from pytest_kore_convtest.settings.values import is_loopback

    return is_loopback(urlsplit(str(values.get("host", ""))).hostname or "")


def _choose_bot(values: dict[str, object], sources: dict[str, str], notes: list[str]) -> None:
    """Drop the emulated bot's answers where a real bot answers; refuse them when typed for this run.

    An ini file may hold them for those runs that use the emulator.
    """
    if "bot" not in values or values.get("emulator"):
        return
    said = f"{named('bot', sources)} works only with --kore-emulator"
    if sources["bot"] == "command line":
        raise ConfigError(
            f"{said}, not with a real bot. With the command kore-convtest emulator, use --bot.",
            name="bot",
            source=sources["bot"],
        )
    if sources["bot"] == "environment":
        notes.append(said)
    del values["bot"], sources["bot"]


def _choose_credentials(values: dict[str, object], sources: dict[str, str], notes: list[str]) -> None:
    secret = _prefer(("client_secret", "client_secret_file"), values, sources, notes)
    token = _prefer(("jwt", "jwt_file"), values, sources, notes)
    if secret and token:
        _prefer((secret, token), values, sources, notes)


def _choose_rules(values: dict[str, object], sources: dict[str, str], notes: list[str]) -> None:
    """Let ``require_assertions`` make its rules errors, unless ``rules`` of no lower source say otherwise."""
    if not values.get("require_assertions"):
        return
    chosen = dict(cast("Mapping[Rule, Severity]", values.get("rules", {})))
    is_higher = "rules" in values and _rank(sources["rules"]) >= _rank(sources["require_assertions"])
    hidden = []
    for rule in REQUIRED_BY_ASSERTIONS:
        if rule in chosen and is_higher:
            continue
        if chosen.get(rule, ERROR) != ERROR:
            hidden.append(f"{rule} = {chosen[rule]}")
        chosen[rule] = ERROR
    if hidden:
        ours = named("require_assertions", sources)
        notes.append(f"{named('rules', sources)}: {', '.join(hidden)} is not used: {ours} wins")
    values["rules"] = RuleSettings(chosen)


def _check_runs(values: dict[str, Any], sources: dict[str, str], notes: list[str]) -> None:
    """Refuse ways to run a suite more than once that exclude or need one another; let flaky steps be errors.

    Without a version to run nothing is run again either, unless a test's own code names one.
    """
    if values.get("retry_failed") and "repeat" in values:
        raise ConfigError(
            f"{named('repeat', sources)} and {named('retry_failed', sources)} contradict each other:"
            " give one, or --kore-retry-failed 0",
            name="repeat",
            source=sources["repeat"],
        )
    if "min_pass_rate" in values and "repeat" not in values:
        raise ConfigError(
            f"{named('min_pass_rate', sources)} needs {ROWS['repeat'].option} N, which says how often"
            " each suite is run",
            name="min_pass_rate",
            source=sources["min_pass_rate"],
        )
    if FLAKY in values.get("fail_on", ()):
        if "min_pass_rate" in values:
            raise ConfigError(
                f"{named('fail_on', sources)} and {named('min_pass_rate', sources)} contradict each other:"
                " the one wants each step to pass each time, the other one so often; leave one out",
                name="fail_on",
                source=sources["fail_on"],
            )
        if not values.get("retry_failed") and "repeat" not in values:
            again = f"{ROWS['retry_failed'].option} or {ROWS['repeat'].option}"
            notes.append(
                f"{named('fail_on', sources)} finds no flaky step: no suite is run twice without {again}"
            )
        chosen = cast("Mapping[Rule, Severity]", values.get("rules", {}))
        values["rules"] = RuleSettings({**chosen, Rule.FLAKY_STEP: ERROR})
    if values.get("run") is None:
        notes += [
            f"{named(name, sources)} runs nothing: no suite file is run without {ROWS['run'].option}"
            for name in ("retry_failed", "repeat")
            if values.get(name) and sources[name] == "command line"
        ]


def _check_together(values: dict[str, Any], sources: dict[str, str]) -> None:
    shortest = values.get("poll_interval", POLL_INTERVAL)
    if "max_poll_interval" not in values:
        values["max_poll_interval"] = max(shortest, MAX_POLL_INTERVAL)
    elif values["max_poll_interval"] < shortest:
        raise ConfigError(
            f"{named('max_poll_interval', sources)} is shorter than kore_poll_interval ({shortest:g} s):"
            " raise it",
            name="max_poll_interval",
            source=sources["max_poll_interval"],
        )
    if "{run}" not in values.get("import_name", "{run}") and values.get("keep") != "always":
        raise ConfigError(
            f"{named('import_name', sources)}: a name without {{run}} may be that of somebody else's"
            " suite, which would be deleted: add {run}, or set --kore-keep always",
            name="import_name",
            source=sources["import_name"],
        )


def _prefer(
    names: tuple[str, ...], values: dict[str, object], sources: dict[str, str], notes: list[str]
) -> str | None:
    """Keep the one of several settings that has the highest source, and drop the others."""
    given = sorted((name for name in names if name in values), key=lambda name: _rank(sources[name]))
    if not given:
        return None
    *losers, winner = given
    for loser in losers:
        if _rank(sources[loser]) == _rank(sources[winner]):
            raise ConfigError(
                f"{named(loser, sources)} and {named(winner, sources)} contradict each other: set one",
                name=loser,
                source=sources[loser],
            )
        notes.append(f"{named(loser, sources)} is not used: {named(winner, sources)} wins")
        del values[loser], sources[loser]
    return winner


def _rank(source: str) -> int:
    return {"default": 0, "ini": 1, "environment": 2}.get(source, 3)


def spelling(row: Setting, source: str) -> str:
    """Name a setting the way it was given."""
    if source == "ini":
        return f"{row.ini_key} (from ini)"
    if source == "environment":
        return f"{row.env_name} (from environment)"
    name = row.option if row.has_option else f"-o {row.ini_key}"
    return f"{name} (from {source})"


def named(name: str, sources: Mapping[str, str]) -> str:
    """Name a setting the way it was given."""
    return spelling(ROWS[name], sources[name])
