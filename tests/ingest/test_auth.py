"""Signing in to cameras that ask oddly or mean ill; what they write must not get out of its quotes."""

import re
from hashlib import md5, sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camera_config.errors import FeedCredentials, FeedProtocol
from ingest.auth import Credentials, SignIn, authorization, choose_challenge
from ingest.rtsp import parse_message, request

WHO = Credentials("admin", "hunter2")
URL = "rtsp://10.0.0.3/a"


def answer_to(*challenges: str, who: Credentials = WHO) -> str:
    return authorization(choose_challenge(challenges), who, "DESCRIBE", URL, 1)


def values_of(text: str) -> dict[str, str]:
    return {
        name: quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^",\s]+))', text)
    }


def test_digest_is_preferred_wherever_it_stands() -> None:
    for asked in (
        ['Basic realm="x"', 'Digest realm="x", nonce="n"'],
        ['Digest realm="x", nonce="n"', 'Basic realm="x"'],
        ['Basic realm="x", Digest realm="x", nonce="n"'],
        ['digest realm="x", nonce="n", basic realm="x"'],
    ):
        assert answer_to(*asked).startswith("Digest ")


@pytest.mark.parametrize(("name", "kind"), [("MD5-sess", md5), ("SHA-256-sess", sha256), ("sha-256", sha256)])
def test_unusual_algorithms_are_answered_as_rfc_7616_asks(name: str, kind: type) -> None:
    text = answer_to(f'Digest realm="x", nonce="n", qop="auth", algorithm={name}')
    sent = values_of(text)

    def digest(value: str) -> str:
        return str(kind(value.encode()).hexdigest())

    secret = digest("admin:x:hunter2")
    if name.endswith("sess"):
        secret = digest(f"{secret}:n:{sent['cnonce']}")
    assert sent["response"] == digest(f"{secret}:n:00000001:{sent['cnonce']}:auth:{digest('DESCRIBE:' + URL)}")
    assert sent["algorithm"].upper() == name.upper()


@pytest.mark.parametrize(
    "asked",
    [
        'Digest realm="x", nonce="n", algorithm=SHA-512-256',
        'Digest realm="x", nonce="n", algorithm="; rm"',
        'Digest realm="x',
        'Digest realm="x\nEvil: 1", nonce="n"',
        'Digest realm="x", nonce="n\rEvil: 1"',
        'Digest realm="x", nonce="n", opaque="\x00"',
    ],
)
def test_what_cannot_be_answered_is_refused(asked: str) -> None:
    with pytest.raises(FeedProtocol):
        choose_challenge([asked])


def test_a_realm_with_quotes_is_sent_back_as_it_stood_and_counts_as_it_stood() -> None:
    text = answer_to(r'Digest realm="the \"north\" gate", nonce="n\\"')
    sent = values_of(text)
    assert (sent["realm"], sent["nonce"]) == (r"the \"north\" gate", r"n\\")

    def digest(value: str) -> str:
        return md5(value.encode()).hexdigest()

    secret = digest(r"admin:the \"north\" gate:hunter2")
    assert sent["response"] == digest(rf"{secret}:n\\:{digest('DESCRIBE:' + URL)}")


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(max_codepoint=255), max_size=60), st.text(st.characters(max_codepoint=255), max_size=60))
def test_nothing_a_camera_asks_gets_out_of_the_authorization_header(realm: str, tail: str) -> None:
    asked = f'Digest realm="{realm}", nonce="n", opaque="{tail}"'
    try:
        text = answer_to(asked)
    except FeedProtocol:
        return
    sent = request("DESCRIBE", URL, 2, [("Authorization", text)])
    assert sent.count(b"\r\n") == 5
    assert sent.count(b"\n") == sent.count(b"\r") == 5
    found = parse_message(sent.replace(b"DESCRIBE", b"OPTIONS"), 0)
    assert found is not None
    assert [name for name, _ in found[0].headers] == ["cseq", "user-agent", "authorization"]
    if text.startswith("Digest "):
        left = re.sub(r'\w+=(?:"(?:[^"\\]|\\.)*"|[\w-]+)(?:, )?', "", text.removeprefix("Digest "))
        assert left == ""


def test_a_user_with_a_chinese_name_or_quotes_can_sign_in() -> None:
    text = answer_to('Digest realm="x", nonce="n"', who=Credentials("管理员", "口令"))
    sent = request("DESCRIBE", URL, 2, [("Authorization", text)])
    assert 'username="管理员"'.encode() in sent
    secret = md5("管理员:x:口令".encode()).hexdigest()
    asked = md5(f"DESCRIBE:{URL}".encode()).hexdigest()
    assert md5(f"{secret}:n:{asked}".encode()).hexdigest().encode() in sent
    assert values_of(answer_to('Digest realm="x", nonce="n"', who=Credentials('a"b', "p")))["username"] == r"a\"b"


def test_a_users_name_cannot_write_headers() -> None:
    with pytest.raises(FeedCredentials, match="cannot be sent"):
        answer_to('Digest realm="x", nonce="n"', who=Credentials("a\r\nEvil: 1", "hunter2"))


def test_a_wrong_password_is_tried_once_and_a_stale_nonce_again() -> None:
    sign_in = SignIn(WHO)
    assert sign_in.header("DESCRIBE", URL) == []
    sign_in.asked(['Digest realm="x", nonce="1"'], "DESCRIBE")
    sign_in.asked(['Digest realm="x", nonce="2", stale=TRUE'], "DESCRIBE")
    assert 'nonce="2"' in sign_in.header("DESCRIBE", URL)[0][1]
    sign_in.asked(['Digest realm="x", nonce="3"'], "SETUP")
    with pytest.raises(FeedCredentials):
        sign_in.asked(['Digest realm="x", nonce="4"'], "SETUP")


def test_a_camera_that_always_calls_the_nonce_stale_is_left() -> None:
    sign_in = SignIn(WHO)

    def ask() -> None:
        for number in range(10):
            sign_in.asked([f'Digest realm="x", nonce="{number}", stale=true'], "DESCRIBE")

    with pytest.raises(FeedProtocol, match="never ends"):
        ask()


def test_a_nonce_is_counted_from_one_each_time() -> None:
    sign_in = SignIn(WHO)
    for _ in range(2):
        sign_in.renew(choose_challenge(['Digest realm="x", nonce="n", qop="auth"']))
        assert "nc=00000001" in sign_in.header("A", URL)[0][1]
        assert "nc=00000002" in sign_in.header("A", URL)[0][1]
