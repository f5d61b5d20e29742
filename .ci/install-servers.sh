#!/bin/sh
# Builds the object-store servers that test/interop runs against: MinIO for S3, fake-gcs-server for Google Cloud Storage.
# Builds also the checker of Kubernetes manifests (test/interop/kubernetes), which is the API server's own code.
# They go to PINELOAD_TEST_BIN (default .cache/bin), where the tests look; what is there already is kept. Needs Go.
set -eu

cd "$(dirname "$0")/.."
bin="${PINELOAD_TEST_BIN:-.cache/bin}"
mkdir -p "$bin"
bin="$(cd "$bin" && pwd)"

install() {
  name="$1"
  module="$2"
  if [ -x "$bin/$name" ]; then
    echo "$name: already in $bin"
    return
  fi
  if ! command -v go >/dev/null 2>&1; then
    echo "$name is not in $bin, and Go, which builds it, is not installed" >&2
    exit 1
  fi
  echo "$name: building $module"
  GOBIN="$bin" GOTOOLCHAIN="${GOTOOLCHAIN:-auto}" go install "$module"
}

install minio github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c
install fake-gcs-server github.com/fsouza/fake-gcs-server@v1.56.1

# Built again when its source changes.
source=test/interop/kubernetes
sum="$(cat "$source/go.mod" "$source/go.sum" "$source/main.go" | cksum)"
if [ -x "$bin/manifests" ] && [ "$(cat "$bin/manifests.sum" 2>/dev/null)" = "$sum" ]; then
  echo "manifests: already in $bin"
else
  echo "manifests: building $source"
  (cd "$source" && GOTOOLCHAIN="${GOTOOLCHAIN:-auto}" go build -o "$bin/manifests" .)
  echo "$sum" >"$bin/manifests.sum"
fi
