"""A proxy before our server: behind it every browser is one that keeps no cookie in frames of other
sites, not even a partitioned one, as Safari 18.5 to 26.1 do.

What is framed by whom the browser alone knows. So the proxy makes each cookie that our server sets
`SameSite=Lax`. Such a cookie the browser keeps and sends in a tab and in a frame of the same site.
In a frame of another site it does neither, wherever the cookie comes from: a page, a redirect, the
answer to a script's call. What a script writes itself never reaches the server, because the proxy
hands on only cookies that it has seen being set.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import ssl
from http.server import BaseHTTPRequestHandler

# What belongs to one connection, and not to what it carries.
OF_A_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length"}
FOR_FRAMES = re.compile(r";\s*(?:samesite=\w+|partitioned)\b", re.IGNORECASE)


def keep_out_of_frames(set_cookie: str) -> str:
    return f"{FOR_FRAMES.sub('', set_cookie)}; SameSite=Lax"


def name_of(cookie: str) -> str:
    return cookie.partition("=")[0]


def handler_for(port: int, *, tls: bool) -> type[BaseHTTPRequestHandler]:
    """Return what hands each call on to our server on that port."""
    known: set[str] = set()
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE

    def connect() -> http.client.HTTPConnection:
        if tls:
            return http.client.HTTPSConnection("127.0.0.1", port, timeout=60, context=anybody)
        return http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # An answer leaves in one piece: of two, the second would wait for the first one's receipt.
        wbufsize = -1

        def do_GET(self) -> None:
            self.hand_on()

        def do_POST(self) -> None:
            self.hand_on()

        def hand_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with contextlib.closing(connect()) as connection:
                connection.putrequest(
                    self.command, self.path, skip_host=True, skip_accept_encoding=True
                )
                for name, value in self.headers.items():
                    if name.lower() == "cookie":
                        value = "; ".join(c for c in value.split("; ") if name_of(c) in known)
                    if value and name.lower() not in OF_A_CONNECTION:
                        connection.putheader(name, value)
                connection.putheader("Content-Length", str(len(body)))
                connection.endheaders(body)
                answer = connection.getresponse()
                self.hand_back(answer, answer.read())

        def hand_back(self, answer: http.client.HTTPResponse, body: bytes) -> None:
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() == "set-cookie":
                    known.add(name_of(value))
                    value = keep_out_of_frames(value)
                if name.lower() not in OF_A_CONNECTION:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            # A page that was left waits for nothing more.
            with contextlib.suppress(OSError):
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()

        def log_message(self, *arguments: object) -> None:
            pass

    return Handler
