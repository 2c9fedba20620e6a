"""The command line's devices, serial ports and network as QEMU arguments."""

import socket
from pathlib import Path

import pytest
from coiltools import session
from coiltools.devices import Network, i2c_arguments, serial_arguments
from coiltools.report import Fail


def test_i2c_device(tmp_path):
    assert i2c_arguments(["tmp105@0x48"], tmp_path) == [
        *("-device", "tmp105,id=i2c0,bus=i2c,address=0x48")
    ]


def test_eeprom_gets_an_erased_file(tmp_path):
    file = tmp_path / "ee.bin"
    i2c_arguments([f"at24c@0x50,file={file},size=1024"], tmp_path)
    assert file.read_bytes() == b"\xff" * 1024
    with pytest.raises(Fail, match="has 1024 bytes, the EEPROM 2048"):
        i2c_arguments([f"at24c@0x50,file={file},size=2048"], tmp_path)


@pytest.mark.parametrize(
    "specs, said",
    [
        (["tmp106@0x48"], "did you mean 'tmp105'"),
        (["tmp105"], "address must be 0x8 .. 0x77"),
        (["tmp105@0x78"], "address must be 0x8 .. 0x77"),
        (["tmp105@0x48,size=3"], "no option of --i2c tmp105 'size'"),
        (["at24c@0x50,sise=1024"], "did you mean 'size'"),
        (["at24c@0x50,size=1000"], "'1000' is no value for size"),
        (["tmp105@0x48", "ds1338@0x48"], "tmp105 has address 0x48 already"),
    ],
)
def test_wrong_i2c_is_refused(tmp_path, specs, said):
    with pytest.raises(Fail) as failure:
        i2c_arguments(specs, tmp_path)
    assert said in failure.value.message


def test_serial_ports_fill_gaps():
    assert serial_arguments(["3=unix:/tmp/x", "1=pty"]) == [
        *("-serial", "pty", "-serial", "null"),
        *("-serial", "unix:/tmp/x,server=on,wait=off"),
    ]


def test_serial_port_that_connects():
    assert serial_arguments(["1=tcp:127.0.0.1:5001,connect"]) == [
        *("-serial", "tcp:127.0.0.1:5001,nodelay=on")
    ]


@pytest.mark.parametrize(
    "specs, said",
    [
        (["0=pty"], "0 is the console"),
        (["5=pty"], "1 to 4"),
        (["pty"], "1 to 4"),
        (["1=pty", "1=pty"], "connected already"),
        (["1=tcp:5001"], "no place to connect"),
        (["1=tcp:127.0.0.1:5001,conect"], "did you mean 'connect'"),
    ],
)
def test_wrong_serial_is_refused(specs, said):
    with pytest.raises(Fail) as failure:
        serial_arguments(specs)
    assert said in failure.value.message


def test_network():
    port = session.free_port()
    network = Network([f"tcp:{port}:80"], Path("a,b.pcap"))
    assert network.arguments(b"\1\2\3\4\5\6\7\x08") == [
        "-nic",
        "user,id=net0,model=lan9118,mac=52:54:00:01:02:03,"
        f"hostfwd=tcp:127.0.0.1:{port}-10.0.2.15:80",
        "-object",
        "filter-dump,id=pcap0,netdev=net0,file=a,,b.pcap",
    ]


@pytest.mark.parametrize(
    "where, address",
    [
        ("unix:/tmp/a,b,connect", None),
        ("unix:/tmp/x,connect", "server=off,addr.type=unix,addr.path=/tmp/x"),
        ("unix:/tmp/x", "server=on,addr.type=unix,addr.path=/tmp/x"),
        ("tcp:127.0.0.1:5,connect", "server=off,addr.type=inet,addr.host=127.0.0.1,addr.port=5"),
    ],
)
def test_network_over_a_socket(where, address):
    network = Network([], None, f"socket:{where}")
    if address is None:
        with pytest.raises(Fail, match="no mode of --net socket 'b,connect'"):
            network.arguments(bytes(8))
        return
    assert network.arguments(b"\1\2\3\4\5\6\7\x08") == [
        *("-netdev", f"stream,id=net0,{address}"),
        *("-net", "nic,model=lan9118,netdev=net0,macaddr=52:54:00:01:02:03"),
    ]


@pytest.mark.parametrize(
    "where, said",
    [
        ("sockt:unix:/tmp/x", "no network 'sockt:unix:/tmp/x'"),
        ("socket:pty", "no place to connect the Ethernet"),
        ("socket:unix:", "no place to connect the Ethernet"),
        ("socket:tcp:5001", "no place to connect the Ethernet"),
        ("socket:unix:/tmp/x,conect", "did you mean 'connect'"),
        ("socket:unix:/nowhere/at/all", "no folder /nowhere/at"),
    ],
)
def test_wrong_networks_are_refused(where, said):
    with pytest.raises(Fail) as failure:
        Network([], None, where).arguments(bytes(8))
    assert said in failure.value.message


def test_forwards_need_the_user_mode_network():
    with pytest.raises(Fail, match="--forward is for the user-mode network"):
        Network(["tcp:8080:80"], None, "socket:unix:/tmp/x").arguments(bytes(8))


@pytest.mark.parametrize("forward", ["8080", "tcp:80", "sctp:1:2", "tcp:a:80"])
def test_wrong_forward_is_refused(forward):
    with pytest.raises(Fail, match="not PROTOCOL:HOSTPORT:BOARDPORT"):
        Network([forward]).arguments(bytes(8))


@pytest.mark.parametrize("forward", ["tcp:99999:80", "udp:70000:1", "tcp:0:65536"])
def test_ports_that_do_not_exist_are_refused(forward):
    with pytest.raises(Fail, match="ports are 1 .. 65535"):
        Network([forward]).arguments(bytes(8))


def test_ports_in_use_and_folders_that_are_missing_are_refused(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(Fail, match=f"port {port} of 127.0.0.1 cannot be listened on"):
            Network([f"tcp:{port}:80"]).arguments(bytes(8))
        with pytest.raises(Fail, match=f"port {port} of 127.0.0.1 cannot be listened on"):
            serial_arguments([f"1=tcp:127.0.0.1:{port}"])
        assert serial_arguments([f"1=tcp:127.0.0.1:{port},connect"])
    missing = tmp_path / "none" / "file"
    for attempt in (
        lambda: Network([], missing).arguments(bytes(8)),
        lambda: serial_arguments([f"1=unix:{missing}"]),
        lambda: serial_arguments([f"1=file:{missing}"]),
    ):
        with pytest.raises(Fail, match=f"no folder {missing.parent}"):
            attempt()
