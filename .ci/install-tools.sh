#!/bin/sh
# Installs the npm tools of test/interop that would be too much for everyone's `npm ci` (prism and its 180 packages), as
# their own lock file says, to PINELOAD_TEST_TOOLS (default .cache/npm/tools), where the tests look.
set -eu

cd "$(dirname "$0")/.."
from=test/interop/tools
tools="${PINELOAD_TEST_TOOLS:-.cache/npm/tools}"
mkdir -p "$tools"
if cmp -s "$from/package-lock.json" "$tools/installed.json"; then
  echo "tools: already in $tools"
  exit
fi
cp "$from/package.json" "$from/package-lock.json" "$tools/"
npm ci --prefix "$tools"
cp "$from/package-lock.json" "$tools/installed.json"
