#!/bin/bash
# passportd killed at each step of a request's life, and started again: service_kills.sh [FROM TO STEP [END]]
# shellcheck source=tests/e2e/service_lib.sh
. "$(dirname "$0")/service_lib.sh"
start_lab --region eu-west-1
configure
"$here/kills.py" "$passportd" "$work" "$instance" "$AWS_REGION" "${1:-1}" "${2:-25}" "${3:-6}" "${4:-complete}" || fail "see above"
stop_lab
