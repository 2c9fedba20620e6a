"""The mirrors of apt's configuration, in every form that sources.list(5) allows."""

import string

import pytest
from coiltools import aptsources
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture
def apt(tmp_path):
    """Return a function that writes configuration files and reads the mirrors back."""

    def mirrors(**files):
        for name, text in files.items():
            kind = name.rsplit("_", 1)[1]
            if name == "main_list":
                path = tmp_path / "sources.list"
            else:
                path = tmp_path / "sources.list.d" / f"{name.removesuffix('_' + kind)}.{kind}"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return aptsources.mirrors(tmp_path)

    return mirrors


def test_one_line_style_with_options_comments_and_sources(apt):
    assert apt(
        main_list="""
        # deb http://commented.example/debian bookworm main
        deb http://a.example/debian bookworm main contrib # trailing
        deb-src http://a.example/debian/ bookworm main
        deb [arch=amd64,arm64 signed-by=/usr/share/keyrings/k.gpg] https://b.example/debian sid main
        deb [ trusted=yes ] http://c.example/ubuntu noble universe
        deb http://security.example/debian-security bookworm-security main
        deb http://old.example/debian-security buster/updates main
        deb cdrom:[Debian GNU/Linux 12 _Bookworm_ - amd64 NETINST]/ bookworm main
        deb http://flat.example/repo ./
        nonsense
        """
    ) == ["http://a.example/debian", "https://b.example/debian", "http://c.example/ubuntu"]


def test_deb822_with_several_stanzas_uris_suites_and_a_key(apt):
    assert apt(
        debian_sources="""# a comment
Types: deb deb-src
URIs: http://a.example/debian
 http://b.example/debian/
Suites: trixie trixie-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 URIs: http://inside.the.key.example/
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
# a comment inside
uris: http://sec.example/debian-security
Suites: trixie-security

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: trixie
"""
    ) == ["http://a.example/debian", "http://b.example/debian"]


def test_security_suite_of_the_main_archive_does_not_hide_it(apt):
    assert apt(
        ubuntu_sources="Types: deb\nURIs: http://u.example/ubuntu\n"
        "Suites: noble-security noble\nComponents: main universe\n"
    ) == ["http://u.example/ubuntu"]


def test_mirror_list_file_is_expanded(apt, tmp_path):
    listing = tmp_path / "mirrors.txt"
    listing.write_text(
        "# nearest first\nhttp://m1.example/debian\tpriority:1\n\nhttps://m2.example/debian/\n"
    )
    uri = f"mirror+file:{listing}"
    expected = ["http://m1.example/debian", "https://m2.example/debian"]
    assert apt(main_list=f"deb {uri} trixie main\n") == expected


def test_missing_mirror_list_is_no_mirror(apt):
    assert apt(main_list="deb mirror+file:/nowhere/at/all trixie main\n") == []


def test_distribution_archives_come_before_third_parties(apt):
    assert apt(
        a_list="deb https://third.example/node nodistro main\n",
        b_list="deb http://a.example/debian bookworm main\n",
        c_list="deb file:/mnt/mirror/debian bookworm main\n",
        d_list="deb tor+http://t.example/debian bookworm main\n",
    ) == ["http://a.example/debian", "file:/mnt/mirror/debian", "https://third.example/node"]


def test_files_that_apt_ignores_are_ignored(apt, tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    for name in ("x.list.save", "y.list~", "z.sources.disabled-by-admin", "w.txt"):
        (tmp_path / "sources.list.d" / name).write_text("deb http://no.example/debian sid main\n")
    assert apt() == []


def test_no_configuration_at_all(tmp_path):
    assert aptsources.mirrors(tmp_path / "nowhere") == []


WORD = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8)
URI = st.builds(
    "{}://{}.example:{}/{}".format,
    st.sampled_from(["http", "https"]),
    WORD,
    st.integers(1, 65535),
    WORD,
)
SUITES = st.lists(WORD, min_size=1, max_size=3)
OPTIONS = st.dictionaries(st.sampled_from(["arch", "signed-by", "lang"]), WORD, max_size=3)


@given(URI, SUITES, OPTIONS, st.sampled_from([" ", "\t", "  \t "]))
def test_one_line_round_trip(uri, suites, options, blank):
    bracket = "[ " + " ".join(f"{k}={v}" for k, v in options.items()) + " ]" if options else ""
    lines = [
        blank.join(part for part in ("deb", bracket, uri, suite, "main") if part)
        for suite in suites
    ]
    assert list(aptsources.parse_list("\n".join(lines))) == [(uri, suite) for suite in suites]


@given(st.lists(URI, min_size=1, max_size=3), SUITES, st.booleans(), st.booleans())
def test_deb822_round_trip(uris, suites, folded, upper):
    glue = "\n " if folded else " "
    stanza = f"Types: deb\nURIs: {glue.join(uris)}\nSuites: {' '.join(suites)}\n"
    if upper:
        stanza = stanza.replace("URIs", "URIS").replace("Types", "TYPES")
    pairs = [(uri, suite) for uri in uris for suite in suites]
    assert list(aptsources.parse_deb822(stanza)) == pairs


@given(st.text(max_size=300))
def test_any_text_is_survived(text):
    list(aptsources.parse_list(text))
    list(aptsources.parse_deb822(text))


def test_proxies_of_apt():
    assert aptsources.parse_proxies(
        'Acquire::http::Proxy "http://cache.example:3142";\n'
        'Acquire::https::Proxy "DIRECT";\n'
        'Acquire::http::Timeout "20";\n'
    ) == {"http": "http://cache.example:3142"}
