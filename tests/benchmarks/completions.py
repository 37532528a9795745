"""
How long a Tab takes: completions that the script knows, in shells that have loaded it, and what loading takes.

What is measured is the shell's own time between the key and the answer, by its own clock: in bash the completion
function, in zsh the widget that the key is bound to, in fish ``complete -C``. Shells that are not installed are left
out.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.measure import Figure, show
from tests.cli.completion.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

COMPLETIONS = Path(__file__).parent.parent.parent / "completions"
MAX_MILLISECONDS = 20
LOADING = "loading the script"
LINES = (
    "tc que",
    "tc queue ",
    "tc queue create",
    "tc queue listTaskGroup --li",
    "tc --root-url https://tc.example.com --format=j",
    "tc signed-url queue task --",
    "tc scopes required worker-manager ",
)

BASH = """
clock() { now=${EPOCHREALTIME/[.,]/}; }
for ((run = 0; run < RUNS; run++)); do
  clock; start=$now; . SCRIPT; clock; echo "LOADING;$((now - start))"
  while IFS= read -r line; do
    COMP_LINE=$line COMP_POINT=${#line} COMP_WORDS=() rest=$line
    # As readline breaks words: at = and : too.
    while [[ $rest =~ ^\\ *([^\\ =:]+|[=:]+)(.*)$ ]]; do
      COMP_WORDS+=("${BASH_REMATCH[1]}") rest=${BASH_REMATCH[2]}
    done
    [[ $line == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    last=${COMP_WORDS[COMP_CWORD]}
    clock; start=$now; _taskcluster tc "${last#=}" 2>/dev/null; clock
    echo "$line;$((now - start))"
  done <<'END'
LINES
END
done
"""
FISH = """
function clock; math (date +%s%N) / 1000; end
# The clock is a process of its own: what it takes is taken off.
set -l costs
for run in (seq RUNS)
    set -l start (clock); set -l end (clock)
    set -a costs (math $end - $start)
end
set -l cost (printf '%s\\n' $costs | sort -g | sed -n (math -s 0 RUNS / 2 + 1)p)
for run in (seq RUNS)
    set -l start (clock); source SCRIPT; set -l end (clock)
    echo "LOADING;"(math $end - $start - $cost)
    for line in LINES
        set -l start (clock); complete -C "$line" >/dev/null; set -l end (clock)
        echo "$line;"(math $end - $start - $cost)
    end
end
"""
ZSH = (
    "zmodload zsh/datetime; setopt noautolist nolistbeep; "
    "timed() { local line=$BUFFER start=$EPOCHREALTIME; zle complete-word; "
    "print -r -- \"$line;$(( (EPOCHREALTIME - start) * 1000000 ))\" >>'OUT'; BUFFER= }; "
    "zle -N timed; bindkey '^T' timed; "
    "for run in {1..RUNS}; do start=$EPOCHREALTIME; . 'SCRIPT'; "
    "print -r -- \"LOADING;$(( (EPOCHREALTIME - start) * 1000000 ))\" >>'OUT'; done"
)


def bash(runs: int, folder: Path, environment: Mapping[str, str]) -> list[str]:
    """
    Return rows of a line and microseconds.
    """
    program = BASH.replace("RUNS", str(runs)).replace("SCRIPT", str(COMPLETIONS / "tc.bash"))
    return _run(["bash", "--norc", "-c", program.replace("LINES", "\n".join(LINES))], folder, environment)


def fish(runs: int, folder: Path, environment: Mapping[str, str]) -> list[str]:
    """
    Return rows of a line and microseconds.
    """
    program = FISH.replace("RUNS", str(runs)).replace("SCRIPT", str(COMPLETIONS / "tc.fish"))
    lines = " ".join(f"'{line}'" for line in LINES)
    return _run(["fish", "--no-config", "-c", program.replace("LINES", lines)], folder, environment)


def zsh(runs: int, folder: Path, environment: Mapping[str, str]) -> list[str]:
    """
    Return rows of a line and microseconds.
    """
    out = folder / "out"
    loading = ZSH.replace("OUT", str(out)).replace("SCRIPT", str(COMPLETIONS / "_tc")).replace("RUNS", str(runs))
    with Terminal("zsh", loading, folder, environment) as terminal:
        for done in range(runs * len(LINES)):
            terminal.type(LINES[done % len(LINES)] + "\x14")
            expected = runs + done + 1
            terminal.wait_for(lambda expected=expected: len(out.read_text("utf-8").splitlines()) >= expected)  # type: ignore[misc]
    return out.read_text("utf-8").splitlines()


def _run(argv: list[str], folder: Path, environment: Mapping[str, str]) -> list[str]:
    done = subprocess.run(argv, cwd=folder, env=environment, stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().splitlines()


def medians(rows: Iterable[str]) -> dict[str, float]:
    """
    Return line → milliseconds.
    """
    taken: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        line, _, microseconds = row.rpartition(";")
        taken[LOADING if line == "LOADING" else line].append(float(microseconds) / 1000)
    return {line: statistics.median(values) for line, values in taken.items()}


def measure(runs: int) -> Iterator[Figure]:
    """
    Yield the figures of each shell: loading the script, and the slowest line.
    """
    for shell in (bash, zsh, fish):
        name = shell.__name__
        if shutil.which(name):
            with tempfile.TemporaryDirectory() as folder:
                environment = {"PATH": os.environ["PATH"], "HOME": folder}
                taken = medians(shell(2 * runs, Path(folder), environment))
            for what, line in ((LOADING, LOADING), (f"completion of {max(LINES, key=taken.__getitem__)!r}", "")):
                milliseconds = taken.get(line, max(taken[each] for each in LINES))
                yield Figure(f"{name}: {what}", show(milliseconds, "ms"), "", milliseconds, "ms", MAX_MILLISECONDS)
