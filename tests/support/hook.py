"""A webhook receiver as a process of its own: ``python hook.py FD LOG BEHAVIOUR``.

FD is a listening socket the test holds, so that the port outlives the process. LOG gets one JSON line a request,
durable before anything is answered. BEHAVIOUR: ``die`` (kill -9 itself after receiving), or a status to answer.
"""

import json
import os
import signal
import socket
import sys


def main() -> None:
    server = socket.socket(fileno=int(sys.argv[1]))
    while True:
        connection, _ = server.accept()
        with connection, connection.makefile("rb") as stream:
            while head := stream.readline().strip():
                headers = {}
                while line := stream.readline().strip():
                    name, _, value = line.decode().partition(":")
                    headers[name.lower()] = value.strip()
                body = stream.read(int(headers.get("content-length", 0))).decode()
                with open(sys.argv[2], "a", encoding="utf-8") as log:  # noqa: PTH123
                    log.write(json.dumps({"head": head.decode(), "headers": headers, "body": body}) + "\n")
                if sys.argv[3] == "die":
                    os.kill(os.getpid(), signal.SIGKILL)
                extra = "Location: http://127.0.0.1:1/\r\n" if sys.argv[3] == "302" else ""
                answer = f"HTTP/1.1 {sys.argv[3]} X\r\nContent-Length: 0\r\n{extra}Connection: close\r\n\r\n"
                connection.sendall(answer.encode())
                break


if __name__ == "__main__":
    main()
