"""Which package mirrors apt is configured with: sources.list(5), read without apt.

A machine whose only way out is its distribution's mirror can still get MicroPython there, and
apt's configuration is the one place that names that mirror.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

APT = Path("/etc/apt")
#: Schemes that urllib can fetch.  cdrom, tor and ssh sources are of no use here.
SCHEMES = ("http://", "https://", "file:")
#: In a one-line source: type, bracketed options, URI (a cdrom's holds blanks), suite.
_LINE = re.compile(r"\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s+)?(\w+:\[[^\]]*\]\S*|\S+)\s+(\S+)")


def mirrors(apt: Path | None = None) -> list[str]:
    """Return the base URIs of the archives, without a slash at the end, each once.

    Security archives and flat repositories have no pool for us and are left out.  Distribution
    archives come first, third parties, who rarely have what we want, last.

    apt: apt's configuration folder; /etc/apt if None.
    """
    apt = apt or APT
    found: dict[str, None] = {}
    for uri, suite in _entries(apt):
        if suite.endswith(("-security", "/updates", "/")) or suite == ".":
            continue
        for base in _expand(uri, apt):
            if base.startswith(SCHEMES):
                found.setdefault(base.rstrip("/"))
    return sorted(found, key=lambda base: not re.search(r"/(debian|ubuntu)[\w-]*$", base))


def _entries(apt: Path) -> Iterator[tuple[str, str]]:
    """Yield every enabled (URI, suite) pair, main list first, then the parts by name."""
    files = [apt / "sources.list"]
    # apt ignores names with other characters, such as those that package managers set aside.
    files += sorted(
        path
        for path in (apt / "sources.list.d").glob("*")
        if re.fullmatch(r"[\w.-]+\.(list|sources)", path.name)
    )
    for path in files:
        try:
            text = path.read_text(errors="replace")
        except OSError:
            continue
        yield from parse_deb822(text) if path.suffix == ".sources" else parse_list(text)


def parse_list(text: str) -> Iterator[tuple[str, str]]:
    """Yield (URI, suite) of each line of a one-line-style `.list` file."""
    for line in text.splitlines():
        match = _LINE.match(line.split("#", 1)[0])
        if match:
            yield match[3], match[4]


def parse_deb822(text: str) -> Iterator[tuple[str, str]]:
    """Yield (URI, suite) of each stanza of a deb822 `.sources` file, all combinations."""
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", "\n".join(lines)):
        fields: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            if line[:1] in " \t":
                if name:
                    fields[name] += " " + line.strip()
            elif ":" in line:
                name, value = line.split(":", 1)
                name = name.strip().lower()
                fields[name] = value.strip()
        if fields.get("enabled", "yes").lower() in ("no", "false", "0", "off", "disable"):
            continue
        if not set(fields.get("types", "").split()) & {"deb", "deb-src"}:
            continue
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield uri, suite


def _expand(uri: str, apt: Path) -> Iterator[str]:
    """Yield the URIs behind a mirror list (mirror+file:/path, one URI a line), or `uri`."""
    if not uri.startswith("mirror+file:"):
        yield uri
        return
    path = Path("/" + uri.removeprefix("mirror+file:").lstrip("/"))
    try:
        listed = path.read_text(errors="replace").splitlines()
    except OSError:
        return
    for line in listed:
        words = line.split("#", 1)[0].split()
        if words:
            yield words[0]


def proxies() -> dict[str, str]:
    """Return the proxies that apt is told to use, as {"http": URL}; {} without apt or proxies."""
    if not shutil.which("apt-config"):
        return {}
    asked = subprocess.run(
        ["apt-config", "dump"], capture_output=True, text=True, timeout=30, check=False
    )
    return parse_proxies(asked.stdout)


def parse_proxies(dump: str) -> dict[str, str]:
    """Read Acquire::<scheme>::Proxy out of `apt-config dump`; DIRECT and "" mean none."""
    found = re.findall(r'^Acquire::(https?)::Proxy "([^"]*)";', dump, re.MULTILINE)
    return {scheme: url for scheme, url in found if url and url != "DIRECT"}
