#!/bin/bash
# Sees to what the tests need from outside Python: `setup.sh browser` or `setup.sh node`.
# As root on Debian it installs what is missing; else it says the one line to type, and fails.
set -euo pipefail

install_or_explain() { # what it is for, then the packages
  local purpose=$1
  shift
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "the tests need $purpose: sudo apt-get install $*" >&2
    exit 1
  fi
  echo "installing $* ..."
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

find_browser() {
  local name
  [ -z "${TRADEUL_TEST_BROWSER:-}" ] || return 0
  for name in chromium-headless-shell chromium chromium-browser google-chrome; do
    ! command -v "$name" >/dev/null || return 0
  done
  install_or_explain 'a browser' chromium-headless-shell
}

find_node() {
  if ! command -v npm >/dev/null || ! node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' 2>/dev/null; then
    install_or_explain 'node 18 or newer, and npm' nodejs npm
  fi
}

case ${1:-} in
  browser | node) "find_$1" ;;
  *) echo 'usage: setup.sh browser|node' >&2 && exit 2 ;;
esac
