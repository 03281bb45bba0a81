"""``completion``: print a completion script, made from the parsers of all sub-commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.cli import COMMANDS, OK, PROG
from pytest_kore_convtest.cli.parser import make_parser

if TYPE_CHECKING:
    import argparse

DESCRIPTION = "Print a completion script for a shell."
EXAMPLES = (
    ("completion bash > ~/.local/share/bash-completion/completions/kore-convtest", "bash"),
    ("completion zsh > ~/.zfunc/_kore-convtest", "zsh"),
    ("completion fish > ~/.config/fish/completions/kore-convtest.fish", "fish"),
)

_TOP = {"--help": "list the commands", "--version": "print the version"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument("shell", choices=["bash", "zsh", "fish"], help="the shell")


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    write = {"bash": _bash, "zsh": _zsh, "fish": _fish}[options.shell]
    print(write({name: _words(name) for name in COMMANDS}))
    return OK


def _words(name: str) -> dict[str, str]:
    """Return the options and the fixed words of a sub-command, with their help texts."""
    found: dict[str, str] = {}
    for action in make_parser(name)._actions:  # noqa: SLF001 - argparse has no other list of them
        text = (action.help or "").replace("%(default)s", str(action.default)).replace("%%", "%")
        names = action.option_strings or (action.choices or ())
        found |= dict.fromkeys(map(str, names), text)
    return found


def _bash(commands: dict[str, dict[str, str]]) -> str:
    cases = "\n".join(f"        {name}) words='{' '.join(words)}' ;;" for name, words in commands.items())
    return f"""# bash completion of {PROG}
_kore_convtest() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} words
    case ${{COMP_WORDS[1]}} in
{cases}
        *) words='' ;;
    esac
    if [ "$COMP_CWORD" -eq 1 ]; then
        words='{" ".join([*COMMANDS, *_TOP])}'
    fi
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _kore_convtest {PROG}"""


def _for_zsh(text: str) -> str:
    """Return a text for single quotes of zsh, in which ``_describe`` finds no colon."""
    return text.replace("\\", "\\\\").replace(":", "\\:").replace("'", "'\\''")


def _for_fish(text: str) -> str:
    """Return a text for single quotes of fish."""
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _zsh(commands: dict[str, dict[str, str]]) -> str:
    tops = "\n".join(f"    '{name}:{_for_zsh(text)}'" for name, text in (COMMANDS | _TOP).items())
    cases = "\n".join(
        f"    {name})\n      options=(\n"
        + "\n".join(f"        '{word}:{_for_zsh(text)}'" for word, text in words.items())
        + "\n      ) ;;"
        for name, words in commands.items()
    )
    return f"""#compdef {PROG}
_kore_convtest() {{
  local -a commands options
  local line=$words[2]
  commands=(
{tops}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $line in
{cases}
    *) options=() ;;
  esac
  _describe option options
  _files
}}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then  # a file in $fpath
  _kore_convtest "$@"
else
  compdef _kore_convtest {PROG}
fi"""


def _fish(commands: dict[str, dict[str, str]]) -> str:
    lines = [f"# fish completion of {PROG}"]
    first = f"complete -c {PROG} -n __fish_use_subcommand"
    for name, text in COMMANDS.items():
        lines.append(f"{first} -f -a {name} -d '{_for_fish(text)}'")
    lines += [f"{first} -f -l {name.lstrip('-')} -d '{_for_fish(text)}'" for name, text in _TOP.items()]
    for name, words in commands.items():
        seen = f"complete -c {PROG} -n '__fish_seen_subcommand_from {name}'"
        for word, text in words.items():
            kind = "-l" if word.startswith("--") else "-s" if word.startswith("-") else "-a"
            lines.append(f"{seen} {kind} {word.lstrip('-')} -d '{_for_fish(text)}'")
    return "\n".join(lines)
