"""Lambda's Runtime API for one invocation, and the child process that serves it."""

import http.server
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
_INVOCATION = "/2018-06-01/runtime/invocation/"


class RuntimeApi(http.server.ThreadingHTTPServer):
    """Hands out one event, takes the answer; also answers as Secrets Manager with one secret."""

    def __init__(self, event, secret):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.event, self.secret = event, secret
        self.given, self.over = threading.Event(), threading.Event()
        self.answer = None

    def handle_error(self, *_):
        """The child is killed in the middle of its next question."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.server.given.is_set():
            self.server.over.wait(30)
            self.close_connection = True
            return
        self.server.given.set()
        headers = {
            "Lambda-Runtime-Aws-Request-Id": "52fdfc07-2182-154f-163f-5f0f9a621d72",
            "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 30_000),
            "Content-Type": "application/json",  # the client crashes without one
            "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:1:function:stage",
        }
        self._send(200, self.server.event, headers)

    def do_POST(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "GetSecretValue" in self.headers.get("X-Amz-Target", ""):
            self._send(200, {"SecretString": json.dumps(self.server.secret)}, {})
            return
        self.server.answer = (self.path.rpartition("/")[2], json.loads(body or b"null"))
        self._send(202, {}, {})
        self.server.over.set()

    def _send(self, status, body, headers):
        text = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(text))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def invoke_in_child(function, event, environment):
    """One invocation through `awslambdaric`; returns what it posted: (kind, body)."""
    with RuntimeApi(event, {"ann": "0123456789abcdef"}) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"127.0.0.1:{server.server_port}"
        child = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", f"src.{function}.handler.lambda_handler"],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                **environment,
                "AWS_LAMBDA_RUNTIME_API": address,
                "AWS_ENDPOINT_URL": f"http://{address}",
                "AWS_LAMBDA_FUNCTION_NAME": "stage",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
                "LAMBDA_TASK_ROOT": str(ROOT),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            arrived = server.over.wait(30)
        finally:
            child.kill()
            said, _ = child.communicate()
            server.over.set()
            server.shutdown()
        assert arrived, said.decode()[-2000:]
        return server.answer
