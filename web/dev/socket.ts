/** A WebSocket's server side, as much of RFC 6455 as the wall's tiles need: short texts come in, binary goes out. */

import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const TEXT = 1;
const CLOSE = 8;

export function accept(request: IncomingMessage, stream: Duplex, heard: (text: string) => void): (body: Buffer) => void {
  const key = createHash("sha1").update(`${request.headers["sec-websocket-key"]}${GUID}`).digest("base64");
  stream.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`);
  let rest = Buffer.alloc(0);
  stream.on("error", () => stream.destroy());
  stream.on("data", (data: Buffer) => {
    rest = Buffer.concat([rest, data]);
    for (;;) {
      const short = (rest[1] ?? 0) & 127;
      const head = short === 126 ? 4 : 2;
      if (rest.length < head + 4) return;
      const length = short === 126 ? rest.readUInt16BE(2) : short;
      if (rest.length < head + 4 + length) return;
      const mask = rest.subarray(head, head + 4);
      const body = Buffer.from(rest.subarray(head + 4, head + 4 + length).map((byte, i) => byte ^ (mask[i % 4] ?? 0)));
      const kind = (rest[0] ?? 0) & 15;
      rest = rest.subarray(head + 4 + length);
      if (kind === TEXT) heard(body.toString());
      if (kind === CLOSE) stream.end();
    }
  });
  return (body) => {
    const head = Buffer.from(body.length < 65_536 ? [0x82, 126, body.length >> 8, body.length & 255] : [0x82, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    if (body.length >= 65_536) head.writeUInt32BE(body.length, 6);
    stream.write(Buffer.concat([head, body]));
  };
}
