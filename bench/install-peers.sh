#!/bin/sh
# Installs what the benchmarks run beside Troupe: nginx, HAProxy, nghttpx, wrk and h2load from Debian, and two proxies from npm.
# Needs root for the Debian part. Nothing is started.
set -eu
cd "$(dirname "$0")"
if ! { command -v nginx && command -v haproxy && command -v nghttpx && command -v wrk && command -v h2load; } >/dev/null; then
  if [ "$(id -u)" -ne 0 ]; then
    echo "install-peers.sh: nginx, haproxy, nghttpx, wrk and h2load are missing, and installing them needs root: sudo $0" >&2
    exit 1
  fi
  # No service may start by itself: the benchmarks run these programs with configurations of their own.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx-light haproxy wrk nghttp2-client nghttp2-proxy util-linux
fi
npm ci --prefix peers --no-audit --no-fund
