#!/usr/bin/env python3
"""A network that loses answers: mute.py HOST:PORT

Listens on a port of 127.0.0.1, which it prints, and connects those who come to HOST:PORT. Once a connection has
carried something there twice, a TLS handshake's two flights, nothing comes back on it any more.
"""
import socket
import sys
import threading


def forward(source, sink, counted, limit=None):
    try:
        while piece := source.recv(65536):
            if limit is not None and len(counted) >= limit:
                continue  # swallowed
            if limit is None:
                counted.append(len(piece))
            sink.sendall(piece)
    except OSError:
        pass


def serve(client, address):
    server = socket.create_connection(address)
    bursts = []
    threading.Thread(target=forward, args=(server, client, bursts, 2), daemon=True).start()
    forward(client, server, bursts)
    server.shutdown(socket.SHUT_WR)


host, port = sys.argv[1].rsplit(":", 1)
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    accepted, _ = listener.accept()
    threading.Thread(target=serve, args=(accepted, (host, int(port))), daemon=True).start()
