"""Packs the charm: the files that Juju and the operator need, the program as `dispatch`.

Called by scripts/build-charm as `pack.py PROFILE PROGRAM [OUTPUT]`. The same input gives the same bytes:
times come from SOURCE_DATE_EPOCH or from the last commit, and order and modes are fixed.
"""

import datetime
import os
import pathlib
import re
import struct
import subprocess
import sys
import zipfile

FILES = ["LICENSE", "README.md", "actions.yaml", "config.yaml", "icon.svg", "metadata.yaml"]
# ELF e_machine, and what Juju calls it.
ARCHITECTURES = {62: "amd64", 183: "arm64"}
# The C library of the base in charmcraft.yaml: Ubuntu 24.04 has 2.39.
BASE_CHANNEL = "24.04"
BASE_LIBC_MINOR = 39
# The format that manifest.yaml follows.
CHARMCRAFT_VERSION = "4.5.0"

MANIFEST = """\
charmcraft-version: {charmcraft}
charmcraft-started-at: '{started}'
bases:
- name: ubuntu
  channel: '{channel}'
  architectures:
  - {architecture}
analysis:
  attributes:
  - name: language
    result: unknown
  - name: framework
    result: unknown
"""


def architecture(program: bytes) -> str:
    """The machine that the program is for."""
    if program[:4] != b"\x7fELF":
        sys.exit("The program is not an ELF file: the charm is built on Linux.")
    machine = struct.unpack_from("<H", program, 18)[0]
    if machine not in ARCHITECTURES:
        sys.exit(f"The program is for ELF machine {machine}; the charm knows amd64 and arm64.")
    return ARCHITECTURES[machine]


def check_libc(program: bytes) -> None:
    """A program linked against a newer C library than the base has does not start there."""
    needs = max((int(minor) for minor in re.findall(rb"GLIBC_2\.(\d+)\0", program)), default=0)
    if needs > BASE_LIBC_MINOR:
        sys.exit(
            f"The program needs glibc 2.{needs}, Ubuntu {BASE_CHANNEL} has 2.{BASE_LIBC_MINOR}: "
            "build on that release, or with `charmcraft pack`."
        )


def started() -> datetime.datetime:
    """The moment that the archive carries."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        log = subprocess.run(
            ["git", "log", "-1", "--format=%ct"], capture_output=True, text=True, check=False
        )
        epoch = log.stdout.strip() or "315532800"
    return datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc)


def version() -> str:
    """The version of the package, which `juju status` shows as the charm's."""
    text = pathlib.Path("Cargo.toml").read_text(encoding="utf-8")
    found = re.search(r'^version = "([^"]+)"$', text, re.MULTILINE)
    if found is None:
        sys.exit("Cargo.toml names no version.")
    return found.group(1)


def main() -> None:
    program = pathlib.Path(sys.argv[2]).read_bytes()
    machine = architecture(program)
    check_libc(program)
    moment = started()
    output = sys.argv[3] if len(sys.argv) > 3 and sys.argv[3] else f"doorward_{machine}.charm"

    content = {name: pathlib.Path(name).read_bytes() for name in FILES}
    content["dispatch"] = program
    content["version"] = f"{version()}\n".encode()
    content["manifest.yaml"] = MANIFEST.format(
        charmcraft=CHARMCRAFT_VERSION,
        started=moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        channel=BASE_CHANNEL,
        architecture=machine,
    ).encode()

    # Juju reads a half-written archive as a corrupt one: write beside, then rename.
    partial = f"{output}.partial"
    level = 9 if sys.argv[1] == "release" else 1
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name in sorted(content):
            entry = zipfile.ZipInfo(name, date_time=moment.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, so that the mode below counts
            mode = 0o100755 if name == "dispatch" else 0o100644
            entry.external_attr = mode << 16
            archive.writestr(entry, content[name], compresslevel=level)
    os.replace(partial, output)
    print(output)


main()
