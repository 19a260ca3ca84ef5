# What the scripts beside this file share: saying things, installing what is missing, and starting what must run.
# Sourced, never run. Every function can be called twice; the second call finds nothing to do.

set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$repository/.venv
test_image=sealift-test/busybox:latest
cargo_target=${CARGO_TARGET_DIR:-$repository/target}

say() { printf '%s\n' "$*"; }
heading() { printf '\n\033[1m%s\033[0m\n' "$*"; }
fail() {
  printf '\nerror: %s\n' "$*" >&2
  exit 1
}

# wait_until SECONDS COMMAND...: polls until the command succeeds; fails when it never did.
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.2
  done
}

# What each Debian package is needed for. The first list is enough for the demo; tests want both.
missing_packages() {
  command -v cc >/dev/null || say gcc libc6-dev # aws-lc and SQLite are compiled from C
  command -v curl >/dev/null || say curl ca-certificates
  command -v dockerd >/dev/null || docker_answers || say docker.io
  command -v docker >/dev/null || say docker.io
  cgroups_are_mounted || command -v cgroupfs-mount >/dev/null || say cgroupfs-mount
  [[ -x /bin/busybox ]] && is_static /bin/busybox || say busybox-static
  python_can_make_a_venv || say python3-venv
  [[ $1 = tests ]] || return 0
  command -v docker-registry >/dev/null || say docker-registry
  command -v htpasswd >/dev/null || say apache2-utils
  command -v openssl >/dev/null || say openssl # certificates of the registry's own CA
  command -v ip >/dev/null || say iproute2 # the address of the engine's bridge, and a bridge for an engine of the tests' own
  [[ -x /usr/bin/python3 ]] || say python3 # rotators run as a user who may not see everyone's Python
  postgres_bin >/dev/null || say postgresql
}

is_static() { ! ldd "$1" >/dev/null 2>&1; }
python_can_make_a_venv() { [[ -x $venv/bin/python ]] || python3 -c 'import ensurepip, venv' 2>/dev/null; }
postgres_bin() { compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1 | xargs -r dirname | grep .; }
cgroups_are_mounted() { grep -q ' cgroup2\? ' /proc/self/mounts; } # an init system does it; a bare machine may have none
docker_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# install_missing demo|tests
install_missing() {
  command -v cargo >/dev/null || fail "cargo was not found. Install Rust from https://rustup.rs, then run this again."
  local packages
  packages=$(missing_packages "$1" | tr ' ' '\n' | sort -u | tr '\n' ' ')
  if [[ -n ${packages// /} ]]; then
    if ! command -v apt-get >/dev/null; then
      fail "this machine has no apt-get; install what these Debian packages contain, then run this again: $packages"
    elif [[ $EUID -ne 0 ]]; then
      fail "some packages are missing. As root, run: apt-get install --no-install-recommends $packages"
    fi
    say "Installing $packages"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -qq --yes --no-install-recommends $packages >/dev/null
  fi
  install_python_packages
}

# A virtual environment of our own holds the `aws` command line, boto3 and pytest.
install_python_packages() {
  local wanted=$repository/tests/e2e/requirements.txt installed=$venv/installed-requirements.txt
  cmp -s "$wanted" "$installed" && return
  say "Installing the aws command line, boto3 and pytest into .venv"
  [[ -x $venv/bin/python ]] || python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted"
  cp "$wanted" "$installed"
}

# An engine that was killed leaves its process id, and perhaps its containerd, behind: the next one would wait for both.
clear_dead_engine() {
  local engine=/var/run/docker.pid containerd=/var/run/docker/containerd/containerd.pid
  ! runs_as dockerd "$engine" || return 0
  if runs_as containerd "$containerd"; then
    kill "$(<"$containerd")" && sleep 2
  fi
  rm -f "$engine" "$containerd"
}
# runs_as NAME FILE: whether the process whose id is in the file is alive and is that program.
runs_as() { [[ -r $2 && $(cat "/proc/$(<"$2")/comm" 2>/dev/null) = "$1" ]]; }

# Starts Docker where none answers: with systemd, with an init script, or by hand in a bare container.
ensure_docker() {
  docker_answers && return
  [[ -z ${DOCKER_HOST:-} ]] || fail "nothing answers at DOCKER_HOST ($DOCKER_HOST); start that engine, or unset DOCKER_HOST"
  [[ $EUID -eq 0 ]] || fail "Docker does not answer. Start it as root (systemctl start docker), or add yourself to the group docker."

  clear_dead_engine
  if [[ -d /run/systemd/system ]]; then
    say "Starting Docker with systemctl; its log: journalctl -u docker"
    systemctl start docker && wait_until 30 docker_answers && return
  elif [[ -x /etc/init.d/docker ]]; then
    say "Starting Docker with its init script; its log: /var/log/docker.log"
    service docker start >/dev/null 2>&1 && wait_until 30 docker_answers && return
  fi
  local log
  log=$(mktemp -d -t sealift-dockerd.XXXXXX)/dockerd.log
  say "Starting dockerd in the background; its log: $log"
  cgroups_are_mounted || cgroupfs-mount
  setsid nohup dockerd >"$log" 2>&1 </dev/null &
  wait_until 60 docker_answers || fail "dockerd does not answer; the end of $log:"$'\n'"$(tail -n 15 "$log")"
}

# The image of the demo and the tests: Debian's static busybox. Imported, never pulled, so no registry is needed.
ensure_test_image() {
  docker image inspect "$test_image" >/dev/null 2>&1 && return
  say "Making the image $test_image"
  local root
  root=$(mktemp -d)
  mkdir -p "$root"/{bin,etc,tmp,proc,sys,dev,root}
  cp /bin/busybox "$root/bin/busybox"
  local applet
  for applet in $(/bin/busybox --list); do
    [[ $applet = busybox ]] || ln -s busybox "$root/bin/$applet"
  done
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
  tar --create --directory "$root" --owner 0 --group 0 . |
    docker import --change 'ENV PATH=/bin' --change 'CMD ["/bin/sh"]' - "$test_image" >/dev/null
  rm -r "$root"
}

# A throw-away PostgreSQL cluster on a random loopback port; `stop_postgres` ends it. It promises nothing to a power cut
# (fsync is off), which is right for tests that kill our server and never PostgreSQL.
start_postgres() {
  [[ -z ${TEST_POSTGRES_URL:-} ]] || return 0
  local bin port password
  bin=$(postgres_bin)
  postgres_directory=$(mktemp -d -t sealift-postgres.XXXXXX)
  port=$(free_port)
  password=$("$venv/bin/python" -c 'import secrets; print(secrets.token_hex(16))')
  printf '%s\n' "$password" >"$postgres_directory/password"
  if [[ $EUID -eq 0 ]]; then chown -R postgres: "$postgres_directory"; fi
  as_postgres "$bin/initdb" --pgdata="$postgres_directory/data" --username=postgres --encoding=UTF8 --locale=C \
    --auth=scram-sha-256 --pwfile="$postgres_directory/password" --no-sync >"$postgres_directory/initdb.log"
  as_postgres "$bin/pg_ctl" --pgdata="$postgres_directory/data" --log="$postgres_directory/postgres.log" --wait --silent \
    --options="-h 127.0.0.1 -p $port -k $postgres_directory -c fsync=off -c max_connections=300" start ||
    fail "PostgreSQL did not start; its log: $postgres_directory/postgres.log"
  export TEST_POSTGRES_URL=postgres://postgres:$password@127.0.0.1:$port/postgres
}

stop_postgres() {
  [[ -n ${postgres_directory:-} ]] || return 0
  as_postgres "$(postgres_bin)/pg_ctl" --pgdata="$postgres_directory/data" --mode=immediate --silent stop || true
  rm -rf "$postgres_directory"
}

# PostgreSQL refuses to run as root.
as_postgres() {
  if [[ $EUID -eq 0 ]]; then
    (cd / && setpriv --reuid=postgres --regid=postgres --init-groups "$@")
  else
    "$@"
  fi
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
