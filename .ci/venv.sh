#!/bin/sh
# Installs a requirements file into .venv, which it makes first: sh .ci/venv.sh requirements.txt
#
# With uv where it is on the PATH. Otherwise it fetches uv from PyPI for this one installation,
# because that is many times faster than pip, and deletes it afterwards; if that fails: plain pip.
# Nothing is compiled to bytecode here: 12 s saved against 2 s that JupyterLab's first start loses.
# In a folder made by `make bundle` all packages come from wheels/, and nothing from a network.
set -eu

say() { printf '%s\n' "$*"; }
fail() { say "$*" >&2; exit 1; }

# Sets $made_for, which is empty but in a bundle; and $wanted, the pattern of fitting versions.
read_bundle() {
    made_for= wanted='3.1[1-4]'
    if [ -e wheels/made-for ]; then made_for=$(cat wheels/made-for) wanted=${made_for##* }; fi
}

# The packages of a bundle are for one system, one kind of processor and one version of Python.
misfit() {
    fail "This copy of the course was made for $made_for, and here is ${1:-no Python}: make one on a computer" \
        "like this one with a network (make bundle TO=...), or, if there is a network here, delete" \
        "the folder wheels and run the same command again"
}

check_system() {
    here=$("$python" -c 'import platform as p, sys
print(p.system().replace("Darwin", "macOS"), p.machine() + ",",
      "Python", "%d.%d" % sys.version_info[:2], end="")')
    [ "$here" = "$made_for" ] || misfit "$here"
}

use_wheels() {
    export PIP_NO_INDEX=1 PIP_FIND_LINKS=wheels UV_NO_INDEX=1 UV_FIND_LINKS=wheels UV_OFFLINE=1
    hint="Copy the course's folder here once more; if that does not help, this system is older than"
    hint="$hint the one that its packages are from: make the bundle on one as old as this."
}

# Sets $python and $version. PYTHON names the interpreter to use; otherwise the usual names.
find_python() {
    if [ -n "${PYTHON:-}" ]; then set -- "$PYTHON"
    else set -- python3 python3.14 python3.13 python3.12 python3.11 python; fi
    found=
    for name in "$@"; do
        python=$(command -v "$name") || continue
        version=$("$python" -c 'import platform; print(platform.python_version())' 2>/dev/null) ||
            continue
        case $version in $wanted.*) return ;; esac
        found=${found:-", only $version at $python"}
    done
    if [ -n "$made_for" ]; then misfit "${found:+Python}${found#, only}"; fi
    fail "The course needs Python 3.11, 3.12, 3.13 or 3.14 and there is none under the name" \
        "$*$found: install one from https://www.python.org/downloads/ or name one," \
        "for instance: make lab PYTHON=/usr/local/bin/python3.13"
}

bin() { if [ -d .venv/Scripts ]; then echo .venv/Scripts; else echo .venv/bin; fi; }

# The last line of a complete installation is the stamp .venv/.lab: without it, start again.
make_venv() {
    if [ -x "$(bin)/python" ] && [ "$(cat .venv/.lab 2>/dev/null)" = "$(pwd -P)" ]; then return; fi
    say "Making .venv with Python $version ($python)"
    "$python" -m venv --clear --without-pip .venv ||
        fail "$python cannot make a venv: install its venv module (Debian: apt install python3-venv)"
}

# Debian's Python comes without ensurepip, but its pip can install into another environment, and
# in a bundle the wheel of pip installs itself.
ensure_pip() {
    "$venv_python" -m pip --version >/dev/null 2>&1 ||
        "$venv_python" -m ensurepip >/dev/null 2>&1 ||
        "$venv_python" "$(echo wheels/pip-*.whl)/pip" install --quiet pip 2>/dev/null ||
        "$python" -m pip --python "$venv_python" install --quiet pip ||
        fail "$python has neither pip nor ensurepip (Debian: apt install python3-pip)"
}

# Sets $uv, or fails.
find_uv() {
    uv=$(command -v uv) && return
    with=$python
    "$with" -m pip --version >/dev/null 2>&1 || { ensure_pip; with=$venv_python; }
    "$with" -m pip install --quiet --only-binary :all: --target .venv/.uv uv 2>/dev/null || return
    uv=.venv/.uv/bin/uv
    export UV_CACHE_DIR=.venv/.uv/cache  # deleted with it: no cache in a home that has no uv
}

# Both installers report large downloads, but not each of 170 packages; all errors pass.
# A pipe hides how its first command ended, hence the file that says "installed".
install_with_uv() {
    { "$uv" pip install --python .venv -r "$1" pip 2>&1 && touch .venv/.installed; } |
        while IFS= read -r line; do
            case $line in
                ' + '* | ' - '* | ' ~ '* | *' Downloaded '* | *' Building '* | *' Built '*) ;;
                *) say "$line" ;;
            esac
        done
    [ -e .venv/.installed ]
}

install_with_pip() {
    ensure_pip
    { "$venv_python" -m pip install --progress-bar off -r "$1" && touch .venv/.installed; } |
        while IFS= read -r line; do
            case $line in
                *Downloading*' MB)'*) say "$line" ;;
                'Installing collected packages'*) say "Installing them" ;;
            esac
        done
    [ -e .venv/.installed ]
}

export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
hint="Without a network connection? Run the same command again once it is back."
read_bundle
find_python
if [ -n "$made_for" ]; then
    check_system
    if [ "$1" = requirements.txt ]; then use_wheels; fi  # a bundle does not hold the tests' tools
fi
make_venv
venv_python=$(bin)/python
trap 'rm -rf .venv/.uv .venv/.installed' EXIT
trap 'exit 130' INT TERM
say "Installing $1 into .venv"
if find_uv && install_with_uv "$1"; then exit; fi
say "Installing with pip, which takes a minute or two"
install_with_pip "$1" || fail "The packages of $1 could not be installed: see above. $hint"
