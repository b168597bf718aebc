"""Cameras with rtsps whose certificates an authority of the county's own signed: from ``kakou up`` to the picture."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.settings import Settings
from api.workers.ingest import feeds_of
from camera_config.errors import ConfigError
from camera_config.example import example_county
from camera_config.secrets import Secrets
from ingest.health import State
from ingest.simulate.server import CameraServer
from tests.support.authority import Authority
from tests.support.receiving import receiving, source, status
from tests.support.small_county import small_county
from tests.support.waiting import until


async def test_a_camera_is_online_where_its_authority_is_named_and_refused_where_it_is_not(tmp_path: Path) -> None:
    authority, other = Authority(), Authority("other")
    named, another = tmp_path / "authority.pem", tmp_path / "other.pem"
    named.write_bytes(authority.pem)
    another.write_bytes(other.pem)
    server = CameraServer(dict.fromkeys(("cam-1", "cp-n"), source()), tls=authority.camera(tmp_path))
    base = f"rtsps://127.0.0.1:{await server.start()}"
    try:
        for camera_ca, state in ((str(named), State.ONLINE), (str(another), None), ("", None)):
            settings = Settings(tmp_path, tmp_path, rtsp_base=base, cameras=1, camera_ca=camera_ca)
            settings.write(tmp_path)
            feeds = feeds_of(small_county(), Settings.read(tmp_path), Secrets.open(tmp_path / "secrets.json"))
            assert [feed.id for feed in feeds] == ["cp-n", "cam-1"]
            async with receiving(feeds, tmp_path / f"slots-{state}-{len(camera_ca)}") as (receiver, told):
                if state:
                    await until(lambda: all(one.frames_received for one in receiver.status()))
                    assert {one.via for one in receiver.status()} == {"rtsps"}
                else:
                    await until(lambda: all("not trusted" in one.cause for one in receiver.status()))
                    assert all(status(receiver, feed.id).frames_received == 0 for feed in feeds)
                    assert State.ONLINE not in told.of("cam-1")
    finally:
        await server.stop()


@pytest.mark.parametrize("content", [None, "", "not a certificate"], ids=["missing", "empty", "no PEM"])
def test_kakou_does_not_start_with_authorities_that_it_cannot_read(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "authority.pem"
    if content is not None:
        file.write_text(content, encoding="ascii")
    asked = ["up", "--county", str(example_county()), "--data", str(tmp_path / "data"), "--camera-ca", str(file)]
    result = CliRunner().invoke(app, asked)
    assert isinstance(result.exception, ConfigError)
    assert str(file) in str(result.exception)
    assert "PEM" in result.exception.hint
    assert not (tmp_path / "data").exists()
