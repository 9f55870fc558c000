"""Unpack Postfix' test programs without installing anything: `make postfix-tools`.

`apt-get download` and `dpkg-deb --extract` into build/postfix; no daemon is set up and nothing
outside build/ is written.  Where that cannot be done it is said, and the benchmark does without.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TARGET = Path(__file__).resolve().parents[2] / "build" / "postfix"


def libraries():
    """The shared libraries the programs want that come neither with them nor with the system."""
    folder = TARGET / "usr/lib/postfix"
    listed = subprocess.run(
        ["ldd", str(TARGET / "usr/sbin/smtp-source")],
        env={"LD_LIBRARY_PATH": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    return re.findall(r"(?m)^\s*(lib\S+) => not found", listed)


def unpack(package):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # apt drops its rights while it downloads
        command = ["apt-get", "download", "--quiet", package]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        for archive in Path(folder).glob("*.deb"):
            subprocess.run(["dpkg-deb", "--extract", str(archive), str(TARGET)], check=True)


def icu_package():
    """The package with the libraries of Unicode that Postfix was linked with."""
    said = subprocess.run(
        ["apt-cache", "depends", "postfix"], capture_output=True, text=True, check=True
    ).stdout
    (name,) = re.findall(r"(?m)Depends: (libicu\d+)$", said)
    return name


def main():
    if (TARGET / "usr/sbin/smtp-source").exists():
        return 0
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        sys.stdout.write("smtp-source: not unpacked, this system has no apt-get and dpkg-deb\n")
        return 0
    try:
        unpack("postfix")
        if any(name.startswith("libicu") for name in libraries()):
            unpack(icu_package())
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        shutil.rmtree(TARGET, ignore_errors=True)
        sys.stdout.write(f"smtp-source: not unpacked: {error}\n")
        return 0
    missing = libraries()
    if missing:
        shutil.rmtree(TARGET)
        sys.stdout.write(f"smtp-source: not unpacked, it wants {', '.join(missing)}\n")
    else:
        sys.stdout.write("smtp-source and smtp-sink are in build/postfix\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
