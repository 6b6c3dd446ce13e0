# Sourced by the other scripts: Debian and Ubuntu packages, installed only when they are missing.

# The newest directory that holds PostgreSQL's server programs, or nothing.
postgres_bin() {
  found=""
  for dir in /usr/lib/postgresql/*/bin; do
    if [ -x "$dir/initdb" ]; then found=$dir; fi
  done
  if [ -n "$found" ]; then
    printf '%s\n' "$found"
  elif command -v initdb >/dev/null 2>&1; then
    dirname "$(command -v initdb)"
  fi
}

# install PACKAGE... - as root, or through sudo.
install() {
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "Please install the equivalent of these Debian packages: $*" >&2
    return 1
  fi
  as_root=""
  if [ "$(id -u)" -ne 0 ]; then as_root=sudo; fi
  echo "Installing $*"
  $as_root apt-get update -qq
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# A C compiler: SQLite and the cryptographic library are built from source.
install_build_needs() {
  if ! command -v cargo >/dev/null 2>&1; then
    echo "Please install Rust first: https://rustup.rs" >&2
    return 1
  fi
  if ! command -v cc >/dev/null 2>&1; then install gcc libc6-dev; fi
}

# Python writes the archive.
install_package_needs() {
  if ! python3 -c 'import zipfile' >/dev/null 2>&1; then install python3; fi
}

# What the tests need beside that: a PostgreSQL server, Python, Node.js and curl.
install_needs() {
  install_build_needs
  wanted=""
  if [ -z "$(postgres_bin)" ]; then wanted="$wanted postgresql"; fi
  if ! python3 -c 'import ensurepip, venv' >/dev/null 2>&1; then wanted="$wanted python3 python3-venv"; fi
  if ! command -v curl >/dev/null 2>&1; then wanted="$wanted curl"; fi
  if ! command -v npm >/dev/null 2>&1; then wanted="$wanted nodejs npm"; fi
  # shellcheck disable=SC2086  # a list of words
  if [ -n "$wanted" ]; then install $wanted; fi
}

# Canonical's own check of charm archives, kept under target/; without PyPI that one test is skipped.
find_charmcraft() {
  home=${CARGO_TARGET_DIR:-target}/charmcraft
  if ! [ -x "$home/bin/charmcraft" ]; then
    echo "Installing charmcraft"
    rm -rf "$home"
    if ! { python3 -m venv "$home" && "$home/bin/pip" install --quiet --disable-pip-version-check charmcraft==4.5.0; }; then
      rm -rf "$home"
      echo "charmcraft cannot be installed: the test that needs it is skipped" >&2
      return 0
    fi
  fi
  DOORWARD_CHARMCRAFT=$(cd "$home/bin" && pwd)/charmcraft
  export DOORWARD_CHARMCRAFT
}

# Whether a registry answers at all.
reachable() {
  python3 -c 'import sys, urllib.request as r; r.urlopen(sys.argv[1], timeout=20).read(1)' "$1" >/dev/null 2>&1
}

# absent NAME URL - NAME could not be installed: an error, unless its registry is out of reach.
absent() {
  if reachable "$2"; then
    echo "$1 cannot be installed, although $2 answers" >&2
    return 1
  fi
  echo "$2 cannot be reached: the tests that need $1 are skipped" >&2
}

# The official clients of Ory Kratos, unmodified, and schemathesis, kept under target/.
find_clients() {
  clients=${CARGO_TARGET_DIR:-target}/clients
  mkdir -p "$clients"
  clients=$(cd "$clients" && pwd)
  find_python_clients && find_javascript_client && find_rust_client
}

# Chromium, what drives it and what checks pages for accessibility; the latter two kept under target/.
find_browser() {
  if ! command -v chromium >/dev/null 2>&1 && ! install chromium fonts-dejavu-core; then
    echo "Chromium cannot be installed: the tests that need it are skipped" >&2
    return 0
  fi
  browser=${CARGO_TARGET_DIR:-target}/browser
  mkdir -p "$browser"
  browser=$(cd "$browser" && pwd)
  if ! cmp -s tests/browser/requirements.txt "$browser/requirements.txt"; then
    echo "Installing Playwright"
    rm -rf "$browser/python"
    if ! { python3 -m venv "$browser/python" && "$browser/python/bin/pip" install --quiet --disable-pip-version-check -r tests/browser/requirements.txt; }; then
      absent Playwright https://pypi.org/simple/pip/
      return
    fi
    cp tests/browser/requirements.txt "$browser/requirements.txt"
  fi
  if ! cmp -s tests/browser/package-lock.json "$browser/package-lock.json"; then
    echo "Installing axe-core"
    cp tests/browser/package*.json "$browser"
    if ! npm ci --prefix "$browser" --silent --no-audit --no-fund --ignore-scripts; then
      rm -f "$browser/package-lock.json"
      absent axe-core https://registry.npmjs.org/axe-core
      return
    fi
  fi
  DOORWARD_BROWSER=$(command -v chromium)
  export DOORWARD_BROWSER DOORWARD_BROWSER_PYTHON="$browser/python/bin/python"
  export DOORWARD_BROWSER_AXE="$browser/node_modules/axe-core/axe.min.js"
}

find_python_clients() {
  wanted=tests/clients/python/requirements.txt
  home=$clients/python
  if ! cmp -s "$wanted" "$home/requirements.txt"; then
    echo "Installing ory-kratos-client (Python) and schemathesis"
    rm -rf "$home"
    if ! { python3 -m venv "$home" && "$home/bin/pip" install --quiet --disable-pip-version-check -r "$wanted"; }; then
      rm -rf "$home"
      absent "ory-kratos-client (Python) and schemathesis" https://pypi.org/simple/pip/
      return
    fi
    cp "$wanted" "$home/requirements.txt"
  fi
  export DOORWARD_CLIENT_PYTHON="$home/bin/python" DOORWARD_SCHEMATHESIS="$home/bin/schemathesis"
}

find_javascript_client() {
  home=$clients/javascript
  if ! cmp -s tests/clients/javascript/package-lock.json "$home/package-lock.json"; then
    echo "Installing @ory/kratos-client"
    rm -rf "$home"
    mkdir "$home"
    cp tests/clients/javascript/package*.json "$home"
    if ! npm ci --prefix "$home" --silent --no-audit --no-fund --ignore-scripts; then
      rm -rf "$home"
      absent @ory/kratos-client https://registry.npmjs.org/@ory%2fkratos-client
      return
    fi
  fi
  export DOORWARD_CLIENT_NODE_MODULES="$home/node_modules"
}

find_rust_client() {
  project=tests/clients/rust/Cargo.toml
  if ! cargo build --locked --quiet --manifest-path "$project" --target-dir "$clients/rust"; then
    absent "ory-kratos-client (Rust)" https://index.crates.io/config.json
    return
  fi
  export DOORWARD_CLIENT_RUST="$clients/rust/debug/kratos-client-check"
}
