"""Files for people out of segments: one seekable MP4 a run of equal pictures, the index in front, cut at keyframes.

Remuxed by PyAV, nothing is decoded. The bytes read are exactly the fragments that are wanted, so a minute out of the
middle of many segments costs a minute's bytes.
"""

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from camera_config.errors import FeedProtocol
from ingest.codec import Codec
from ingest.record.scan import Fragment, Scan, scan
from ingest.record.segment import Segment

APART_S = 2.0
"""Segments that lie further apart do not go into one part."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file for a player: ``start`` (counts) and ``end`` (does not) are the unix times of what is in it."""

    path: Path
    start: float
    end: float
    bytes: int
    codec: Codec
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class _Piece:
    """The wanted fragments of one segment."""

    path: Path
    segment: Segment
    found: Scan
    fragments: tuple[Fragment, ...]

    @property
    def end(self) -> float:
        last = self.fragments[-1]
        return last.at + last.duration / self.found.clock_hz


def make_parts(folder: Path, segments: Sequence[Segment], start: float, end: float, out: Path) -> list[Part]:
    """Write what ``segments`` of one stream hold between two unix times into ``part-1.mp4``, … in ``out``.

    Args:
        folder: of the recordings.
        segments: of one stream, oldest first.
        start: the first part begins with the keyframe at or before it, or what is there first.
        end: the last part ends with the GOP in which it lies.
        out: an empty folder.

    Returns:
        One part for all that follows on one another in the same codec and size; empty if nothing lies between.

    Raises:
        FeedProtocol: a file is not what the index says.
        OSError: one cannot be read or written.
    """
    parts: list[Part] = []
    run: list[_Piece] = []
    for piece in _pieces(folder, segments, start, end):
        if run and not _follows(run[-1], piece):
            parts.append(_write(run, out / f"part-{len(parts) + 1}.mp4"))
            run = []
        run.append(piece)
    if run:
        parts.append(_write(run, out / f"part-{len(parts) + 1}.mp4"))
    return parts


def _pieces(folder: Path, segments: Sequence[Segment], start: float, end: float) -> Iterator[_Piece]:
    for one in segments:
        path = folder / one.path
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            found = scan(fd)
        finally:
            os.close(fd)
        if found is None or found.size != one.bytes or found.whole != one.bytes:
            raise _damaged(one.path)
        wanted = _wanted(found, start, end)
        if wanted:
            yield _Piece(path, one, found, wanted)


def _wanted(found: Scan, start: float, end: float) -> tuple[Fragment, ...]:
    """Return the fragments from the keyframe at or before ``start`` to the GOP in which ``end`` lies."""
    all_of = found.fragments
    first = max((n for n, one in enumerate(all_of) if one.key and one.at <= start), default=0)
    wanted = tuple(one for one in all_of[first:] if one.at < end)
    over = not wanted or wanted[-1].at + wanted[-1].duration / found.clock_hz <= start
    return () if over else wanted


def _follows(before: _Piece, after: _Piece) -> bool:
    one, two = before.segment, after.segment
    return (
        (one.codec, one.width, one.height) == (two.codec, two.width, two.height)
        and before.found.clock_hz == after.found.clock_hz
        and _header(before) == _header(after)
        and abs(after.fragments[0].at - before.end) <= APART_S
    )


def _header(piece: _Piece) -> bytes:
    """Return the description in front of the file without what it says of itself: parameter sets and size."""
    with piece.path.open("rb") as file:
        head = file.read(piece.found.header_bytes)
    return head[: head.index(b"uuid") - 4]


def _write(run: Sequence[_Piece], path: Path) -> Part:
    """Remux a run into one file, its index in front."""
    first = run[0]
    what = first.segment
    try:
        written = _remux(run, path)
    except OSError:
        raise
    except (av.FFmpegError, ValueError, LookupError) as error:  # what is wrong in a header shows in many ways
        raise _damaged(what.path) from error
    if not written:
        raise _damaged(what.path)
    return Part(path, first.fragments[0].at, run[-1].end, path.stat().st_size, what.codec, what.width, what.height)


def _remux(run: Sequence[_Piece], path: Path) -> bool:
    """Return whether there was any picture to write; nothing is written otherwise."""
    first = run[0]
    what = first.segment
    base = Fraction(1, first.found.clock_hz)
    began = first.fragments[0].at
    earliest = 0
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as sink:
        stream: av.VideoStream | None = None
        for piece in run:
            source = io.BytesIO(_bytes(piece))
            with av.open(source, "r", format="mp4") as container:
                video = container.streams.video[0]
                if stream is None:
                    stream = sink.add_stream_from_template(video)
                    stream.time_base = base
                    if what.codec is Codec.H265:
                        stream.codec_tag = "hvc1"
                begins = piece.fragments[0]
                shift = max(earliest, round((begins.at - began) / base)) - begins.decode_time
                for packet in container.demux(video):
                    if packet.dts is None or packet.pts is None:
                        continue
                    packet.dts, packet.pts = packet.dts + shift, packet.pts + shift
                    earliest = packet.dts + (packet.duration or 1)
                    packet.stream = stream
                    sink.mux(packet)
    return earliest > 0


def _damaged(path: str) -> FeedProtocol:
    return FeedProtocol(f"the recording {path} is not what its index says", hint="Run `kakou recordings verify`.")


def _bytes(piece: _Piece) -> bytes:
    """Return a file of the header and the wanted fragments alone."""
    low = piece.fragments[0].offset
    high = piece.fragments[-1].offset + piece.fragments[-1].size
    with piece.path.open("rb") as file:
        head = file.read(piece.found.header_bytes)
        file.seek(low)
        return head + file.read(high - low)
