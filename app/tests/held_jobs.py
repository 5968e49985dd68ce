"""Jobs that end when a test says so, on a machine of any speed: deliveries to a receiver that does not answer before."""

import http.server
import threading

MOST_ATTEMPTS = 11   # of a delivery (app/jobs/kinds.cc)


class HeldJobs:
    """`environment` is for the workers. A delivery is given up after 10 s."""

    environment = {"WEBHOOK_ALLOW_PRIVATE": "1"}

    def __init__(self, postgres):
        self.postgres = postgres
        self._begun = []   # appended to, because several threads count
        self._let_go = threading.Event()
        held = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                held._begun.append(self.path)
                held._let_go.wait(30)
                try:
                    self.send_response(200)
                    self.end_headers()
                except OSError:
                    pass   # of a worker that is no more

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def deliveries(self):
        """Those that were begun."""
        return len(self._begun)

    def put(self, count=1, attempts=0):
        """`attempts`: that are behind it already."""
        self.postgres.sql(f"""
            WITH owner AS (INSERT INTO users (username) VALUES (gen_random_uuid()) RETURNING id),
            hook AS (INSERT INTO webhooks (owner_id, url, events, secret)
                     SELECT id, 'http://127.0.0.1:{self._server.server_port}/', '{{task.created}}', 'whsec_c2VjcmV0'
                     FROM owner RETURNING id, owner_id)
            INSERT INTO jobs (kind, payload, owner_id, attempts)
            SELECT 'webhook', json_build_object('webhook_id', id, 'event', 'task.created', 'task', '{{}}'::json),
                   owner_id, {attempts}
            FROM hook, generate_series(1, {count})""")

    def let_go(self):
        """Those that wait and those to come."""
        self._let_go.set()

    def close(self):
        self.let_go()
        self._server.shutdown()
        self._server.server_close()
        self.postgres.sql("DELETE FROM webhooks")
