"""What is measured: one kind of request each, and what a right answer to it looks like."""

from dataclasses import dataclass
from typing import Any

USERS = 1000
TASKS_OF_A_USER = 20


@dataclass(frozen=True)
class Route:
    name: str
    title: str
    method: str
    path: str            # {id} is the id of a user
    with_redis: bool = False
    near: bool = False   # ours only: a cache in the process, kept right by Redis
    ids: int = USERS

    def problem(self, user: int, status: int, answer: Any) -> str | None:
        """What is wrong with the answer for that user; None if nothing is."""
        if status != 200:
            return f"status {status}"
        if self.name == "post":
            right = isinstance(answer, dict) and answer.get("owner_id") == user and answer.get("completed") is False \
                and isinstance(answer.get("id"), int) and answer.get("title") == TITLE
        elif self.name == "list":
            right = isinstance(answer, list) and len(answer) == TASKS_OF_A_USER \
                and all(sorted(task) == ["completed", "id", "owner_id", "title"] for task in answer) \
                and all(task["owner_id"] == user for task in answer) \
                and [task["id"] for task in answer] == sorted(task["id"] for task in answer)
        else:
            source = "cache" if self.with_redis else "db"
            right = answer == {"id": user, "data": username(user), "source": source}
        return None if right else f"answered {str(answer)[:200]}"


TITLE = "water the plants"

CACHED = Route("cached", "GET /users/{id}, from Redis", "GET", "/users/{id}", with_redis=True)
NEAR = Route("near", "GET /users/{id}, near cache", "GET", "/users/{id}", with_redis=True, near=True)
DB = Route("db", "GET /users/{id}, from PostgreSQL", "GET", "/users/{id}")
POST = Route("post", "POST /tasks/, committed", "POST", f"/tasks/?title={TITLE.replace(' ', '%20')}&owner_id={{id}}")
LIST = Route("list", f"GET /tasks/{{id}}, {TASKS_OF_A_USER} tasks", "GET", f"/tasks/{{id}}?limit={TASKS_OF_A_USER}")
ROUTES = (CACHED, NEAR, DB, POST, LIST)
READS = ("cached", "db", "list")


def username(user: int) -> str:
    return f"user {user}"
