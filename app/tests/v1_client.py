"""One user of /v1, and what they are answered."""

import json
import urllib.parse
import uuid


class Client:
    """One user of the API."""

    def __init__(self, api, name=None):
        self.api, self.name, self.password = api, name or f"u-{uuid.uuid4()}", "correct horse"
        status, headers, self.user = api.call("POST", "/v1/users", body=json.dumps(
            {"username": self.name, "password": self.password}), headers={"Content-Type": "application/json"})
        assert (status, headers["Location"]) == (201, f"/v1/users/{self.user['id']}")
        self.token = token_of(api, self)

    def ask(self, method, path, body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        return Answer(*self.api.call(method, path, body=body, headers=headers))

    def task(self, title="milk", **fields):
        return self.ask("POST", "/v1/tasks", {"title": title, **fields}).check(201)

    def all(self, query=""):
        """The titles of every page."""
        titles, cursor = [], ""
        while cursor is not None:
            page = self.ask("GET", f"/v1/tasks?{query}{cursor}").check(200).body
            titles += [task["title"] for task in page["items"]]
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
        return titles


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, {name.lower(): value for name, value in headers.items()}, body

    def check(self, status):
        assert self.status == status, (self.status, self.body)
        if status >= 400:
            assert self.headers["content-type"] == "application/problem+json"
            problem = self.body if isinstance(self.body, dict) else json.loads(self.body)
            assert problem["status"] == status and problem["type"] and problem["title"] and problem["detail"]
            self.body = problem
        return self

    @property
    def codes(self):
        return [(error["in"], error["name"], error["code"]) for error in self.body["errors"]]


def token_of(api, client):
    status, _, body = api.call("POST", "/token", body=urllib.parse.urlencode(
        {"username": client.name, "password": client.password}), headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert status == 200, body
    return body["access_token"]
