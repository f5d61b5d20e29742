#!/bin/sh
# Installs Airflow with the provider for Kubernetes, and a linter for the Dockerfile, all at the versions of
# .ci/airflow-requirements.txt, to PINELOAD_TEST_AIRFLOW (default .cache/airflow), where the tests look. Needs Python 3.11 or newer.
set -eu

cd "$(dirname "$0")/.."
venv="${PINELOAD_TEST_AIRFLOW:-.cache/airflow}"
if [ -x "$venv/bin/airflow" ] && cmp -s .ci/airflow-requirements.txt "$venv/requirements.txt"; then
  echo "airflow: already in $venv"
  exit
fi
rm -rf "$venv"
python3 -m venv "$venv"
# The list is whole, so nothing need be resolved.
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r .ci/airflow-requirements.txt
"$venv/bin/pip" check --disable-pip-version-check
cp .ci/airflow-requirements.txt "$venv/requirements.txt"
