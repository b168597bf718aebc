"""Where cameras may be: the county's networks, and addresses that are refused unless named."""

import shutil
from pathlib import Path

import pytest

from camera_config.example import example_county
from camera_config.load import check_county, load_county
from camera_config.networks import CameraNetworks, literal_address


@pytest.mark.parametrize("address", ["10.1.2.3", "192.168.1.64", "8.8.8.8", "2001:db8::1"])
def test_without_networks_every_plain_address_may_be_a_camera(address: str) -> None:
    assert CameraNetworks(()).why_refused(address) is None


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "169.254.169.254", "fe80::1%eth0", "239.255.255.250",
     "ff02::c", "0.0.0.0", "::", "255.255.255.255", "100.100.100.200", "fd00:ec2::254", "::ffff:a9fe:a9fe",
     "2002:7f00:1::"],
)  # fmt: skip
def test_special_addresses_are_refused_even_where_everything_is_listed(address: str) -> None:
    for listed in ((), ("0.0.0.0/0", "::/0"), ("10.0.0.0/8",)):
        assert CameraNetworks(listed).why_refused(address)


def test_a_special_network_may_be_named() -> None:
    assert CameraNetworks(("127.0.0.0/8",)).why_refused("127.0.0.1") is None
    assert CameraNetworks(("127.0.0.0/8",)).why_refused("::ffff:127.0.0.1") is None
    assert CameraNetworks(("169.254.7.0/24",)).why_refused("169.254.7.9") is None
    assert CameraNetworks(("169.254.7.0/24",)).why_refused("169.254.169.254")


def test_outside_the_listed_networks_nothing_is_a_camera() -> None:
    networks = CameraNetworks(("10.22.0.0/16", "fd12::/32"))
    assert networks.why_refused("10.22.255.255") is None
    assert networks.why_refused("fd12::9") is None
    assert networks.why_refused("10.23.0.0") == "10.23.0.0 is outside camera_networks"
    assert networks.why_refused("fd13::9")


def test_only_a_written_address_is_judged_before_it_is_resolved() -> None:
    assert literal_address("10.1.2.3") == "10.1.2.3"
    assert literal_address("::ffff:10.1.2.3") == "10.1.2.3"
    assert literal_address("camera-7.county.example") is None
    assert literal_address("2130706433") is None


@pytest.fixture
def county(tmp_path: Path) -> Path:
    return Path(shutil.copytree(example_county(), tmp_path / "county"))


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_check_names_each_address_outside_by_file_and_line(county: Path) -> None:
    change(county / "county.toml", '["127.0.0.0/8"]', '["10.22.0.0/16"]')
    change(county / "cameras.csv", ",retention_class\n", ",retention_class,url,sub_url,record\n")
    path = county / "cameras.csv"
    head, names, *rows = path.read_text(encoding="utf-8").splitlines()
    rows = [f"{row},rtsp://10.22.0.9/1,rtsp://10.22.0.9/2," for row in rows]
    rows[4] = rows[4].replace("10.22.0.9/2", "169.254.169.254/2")
    path.write_text("\n".join([head, names, *rows]) + "\n", encoding="utf-8")
    change(county / "checkpoints.toml", "lanes = 2", 'lanes = 2\nurl = "rtsps://[::1]/1"')
    found = check_county(county)
    # The other checkpoints have no url, so the county's own address counts too.
    assert [(m.file, m.line) for m in found] == [("cameras.csv", 7), ("checkpoints.toml", 5), ("county.toml", 8)]
    assert found[0].what == (
        "sub_url: 169.254.169.254 is link-local, where metadata services answer, and camera_networks does not name it"
    )
    assert "::1 is loopback" in found[1].what
    assert all("camera_networks in county.toml" in m.hint for m in found)


@pytest.mark.parametrize(
    ("written", "said"),
    [('["10.22.0.1/16"]', "write 10.22.0.0/16"), ('["ten"]', "write for example"), ('["10.22.0.0"]', "10.22.0.0/32")],
)
def test_a_network_that_is_none_is_a_mistake(county: Path, written: str, said: str) -> None:
    change(county / "county.toml", '["127.0.0.0/8"]', written)
    (found,) = check_county(county)
    assert (found.file, found.line) == ("county.toml", 9)
    assert said in found.hint


def test_streams_and_recording_are_as_written(county: Path) -> None:
    change(county / "county.toml", "sub = false", "sub = true")
    path = county / "cameras.csv"
    head, names, first, second, *rest = path.read_text(encoding="utf-8").splitlines()
    own = [
        f"{first},rtsp://127.0.0.1/1,rtsp://127.0.0.1/2,continuous",
        f"{second},rtsp://127.0.0.1/3,,none",
        *(f"{row},,," for row in rest),
    ]
    path.write_text("\n".join([head, f"{names},url,sub_url,record", *own]) + "\n", encoding="utf-8")
    change(county / "checkpoints.toml", "lanes = 2", 'lanes = 2\nrecord = "continuous"')
    loaded = load_county(county)
    shown = [(camera.sub_url, camera.record) for camera in loaded.cameras[:3]]
    assert shown == [
        ("rtsp://127.0.0.1/2", "continuous"),
        ("", "none"),
        ("rtsp://127.0.0.1:8554/cam-003/sub", "event"),
    ]
    assert [(one.sub_url, one.record) for one in loaded.checkpoints[:2]] == [("", "continuous"), ("", "event")]
    assert loaded.camera_networks == ("127.0.0.0/8",)
