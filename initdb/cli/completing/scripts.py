"""The scripts that teach bash, zsh and fish to complete `initdb`, or `flask` with its `initdb`.

They speak click's protocol (https://click.palletsprojects.com/shell-completion). Unlike click's own scripts
they call nothing but this initdb: PostgreSQL's has the same name, and creates a cluster where PGDATA says.
"""

from __future__ import annotations

from collections.abc import Mapping

OURS = "initdb.__main__"
"""A text in the program that an installer makes for this command."""

_GUARDS = {
    "bash": f'    grep -qs {OURS} "$(type -P -- "$1")" || return 0\n',
    "zsh": f'    grep -qs {OURS} "$commands[$words[1]]" || return 1\n',
    "fish": f"    grep -qs {OURS} (command -s initdb); or return\n",
}

_BASH = """\
{function}() {{
    local IFS=$'\\n' response completion type value
{guard}\
    response=$(env COMP_WORDS="${{COMP_WORDS[*]}}" COMP_CWORD=$COMP_CWORD {variable}=bash_complete \
        "$1" 2>/dev/null)
    for completion in $response; do
        IFS=',' read -r type value <<< "$completion"
        case $type in
            dir) COMPREPLY=(); compopt -o dirnames ;;
            file) COMPREPLY=(); compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done
}}
complete -o nosort -F {function} {program}
"""

_ZSH = """\
#compdef {program}
{function}() {{
    local -a plain described response
    local type key descr
    (( $+commands[$words[1]] )) || return 1
{guard}\
    response=("${{(@f)$(env COMP_WORDS="${{words[*]}}" COMP_CWORD=$((CURRENT-1)) {variable}=zsh_complete \\
        $words[1] 2>/dev/null)}}")
    for type key descr in $response; do
        case $type in
            plain) if [[ $descr == _ ]]; then plain+=("$key"); else described+=("$key:$descr"); fi ;;
            dir) _path_files -/ ;;
            file) _path_files -f ;;
        esac
    done
    (( $#described )) && _describe -V unsorted described -U
    (( $#plain )) && compadd -U -V unsorted -a plain
}}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    {function} "$@"
else
    compdef {function} {program}
fi
"""

_FISH = """\
function {function}
{guard}\
    set -l response (env {variable}=fish_complete COMP_WORDS=(commandline -cp) COMP_CWORD=(commandline -t) \\
        {program} 2>/dev/null)
    for completion in $response
        set -l found (string split -m 1 "," -- $completion)
        switch $found[1]
            case dir
                __fish_complete_directories $found[2]
            case file
                __fish_complete_path $found[2]
            case plain
                echo $found[2]
        end
    end
end
complete --no-files --command {program} --arguments "({function})"
"""

SCRIPTS: Mapping[str, str] = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
"""Shell → the text of its script."""


def script(shell: str, program: str) -> str:
    """The script for a shell.

    Args:
        shell: bash, zsh or fish.
        program: initdb or flask.
    """
    return SCRIPTS[shell].format(
        function=f"_{program}_completion",
        variable=f"_{program.upper()}_COMPLETE",
        program=program,
        guard=_GUARDS[shell] if program == "initdb" else "",
    )
