#!/bin/sh
# Builds the upload tools that bench/cases/upload.mjs measures pineload against: s5cmd and rclone (Go), awscli (PyPI).
# They go to PINELOAD_TEST_BIN (default .cache/bin), where the bench looks; what is there already is kept. Needs Go and Python; what
# cannot be installed is said, and the bench goes on without it.
set -u

cd "$(dirname "$0")/.."
bin="${PINELOAD_TEST_BIN:-.cache/bin}"
mkdir -p "$bin"
bin="$(cd "$bin" && pwd)"
missing=0

# From a module of its own, so that nothing but this very version is asked for.
build() {
  name="$1"
  module="$2"
  version="$3"
  [ -x "$bin/$name" ] && echo "$name: already in $bin" && return
  if ! command -v go >/dev/null 2>&1; then
    echo "$name is not in $bin, and Go, which builds it, is not installed" >&2
    missing=1
    return
  fi
  echo "$name: building $module@$version"
  work="$(mktemp -d)"
  printf 'module peer\n\ngo 1.22\n\nrequire %s %s\n' "$module" "$version" >"$work/go.mod"
  printf '//go:build tools\n\npackage peer\n\nimport _ "%s"\n' "$module" >"$work/peer.go"
  (cd "$work" && GOFLAGS=-mod=mod GOTOOLCHAIN="${GOTOOLCHAIN:-auto}" go build -o "$bin/$name" "$module") || missing=1
  rm -rf "$work"
}

build s5cmd github.com/peak/s5cmd/v2 v2.3.0
build rclone github.com/rclone/rclone v1.74.4

if [ -x "$bin/aws" ]; then
  echo "aws: already in $bin"
else
  venv="$bin/../awscli"
  if python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check awscli==1.46.3; then
    ln -sf ../awscli/bin/aws "$bin/aws"
  else
    missing=1
  fi
fi
exit "$missing"
