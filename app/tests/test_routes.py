"""The API as its clients know it (facts: the tutorial's FastAPI service)."""

import random
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from clients import locked
from servers import eventually


def test_root_and_health(api):
    assert api.get("/") == (200, {"message": "Hello, Scalable World!"})
    assert api.get("/health") == (200, {"status": "healthy", "db": 1})


def test_a_user_comes_from_the_database_then_from_the_cache(api, redis):
    name = f"zoë \"{uuid.uuid4()}\" \n"
    status, user = api.post("/users/", username=name)
    assert status == 200 and user["username"] == name
    assert api.get(f"/users/{user['id']}") == (200, {"id": user["id"], "data": name, "source": "db"})
    assert api.get(f"/users/{user['id']}") == (200, {"id": user["id"], "data": name, "source": "cache"})
    assert 265 <= int(redis.run("TTL", f"user:{user['id']}")) <= 330, "300 s, and up to a tenth more or less"


def test_a_username_is_taken_once(api):
    name = str(uuid.uuid4())
    assert api.post("/users/", username=name)[0] == 200
    status, body = api.post("/users/", username=name)
    assert status == 409 and isinstance(body["detail"], str)


def test_unknown_user(api):
    assert api.get("/users/999999999") == (404, {"detail": "User not found"})
    assert api.get("/users/99999999999999999999999") == (404, {"detail": "User not found"})


def test_tasks_of_an_owner_in_order(api):
    owner = api.post("/users/", username=str(uuid.uuid4()))[1]["id"]
    made = [api.post("/tasks/", title=f"t{i}", owner_id=owner)[1] for i in range(5)]
    assert made[0] == {"id": made[0]["id"], "title": "t0", "completed": False, "owner_id": owner}
    assert api.get(f"/tasks/{owner}") == (200, made)
    assert api.get(f"/tasks/{owner}?skip=1&limit=2") == (200, made[1:3])
    assert api.get(f"/tasks/{owner}?limit=0") == (200, [])
    assert api.get("/tasks/999999999") == (200, [])
    status, every = api.get("/tasks/?limit=10000")
    assert status == 200 and [task for task in every if task["owner_id"] == owner] == made


def test_a_task_needs_an_owner_that_exists(api):
    status, body = api.post("/tasks/", title="x", owner_id=999999999)
    assert status == 404 and isinstance(body["detail"], str)


def test_tasks_that_arrive_together_are_stored_together_and_none_fails_for_another(api):
    """They share a transaction; one without an owner must not take the others with it, nor get another's row."""
    owners = [api.post("/users/", username=str(uuid.uuid4()))[1]["id"] for _ in range(3)]

    def create(number):
        owner = owners[number % 3] if number % 7 else 999_999_999
        return number, owner, api.post("/tasks/", title=f"same {number % 5}", owner_id=owner)

    with ThreadPoolExecutor(64) as many:
        answers = list(many.map(create, range(600)))
    for number, owner, (status, task) in answers:
        if owner == 999_999_999:
            assert status == 404
        else:
            assert (status, task["title"], task["owner_id"]) == (200, f"same {number % 5}", owner)
    made = [task["id"] for _, _, (status, task) in answers if status == 200]
    assert len(set(made)) == len(made)
    stored = [task["id"] for owner in owners for task in api.get(f"/tasks/{owner}?limit=10000")[1]]
    assert sorted(stored) == sorted(made)


INTEGER = "Input should be a valid integer, unable to parse string as an integer"


@pytest.mark.parametrize("method,path,expected", [
    ("GET", "/users/abc", [{"type": "int_parsing", "loc": ["path", "user_id"], "msg": INTEGER, "input": "abc"}]),
    ("POST", "/tasks/", [{"type": "missing", "loc": ["query", "title"], "msg": "Field required", "input": None},
                         {"type": "missing", "loc": ["query", "owner_id"], "msg": "Field required", "input": None}]),
    ("POST", "/tasks/?title=&owner_id=%22x", [
        {"type": "int_parsing", "loc": ["query", "owner_id"], "msg": INTEGER, "input": '"x'}]),
    ("GET", "/tasks/1?limit=a&skip=", [
        {"type": "int_parsing", "loc": ["query", "skip"], "msg": INTEGER, "input": ""},
        {"type": "int_parsing", "loc": ["query", "limit"], "msg": INTEGER, "input": "a"}]),
    ("GET", "/tasks/1?limit=-1", [
        {"type": "greater_than_equal", "loc": ["query", "limit"], "msg": "Input should be greater than or equal to 0",
         "input": "-1", "ctx": {"ge": 0}}]),
])
def test_validation_errors_have_fastapis_shape(api, method, path, expected):
    status, _, body = api.call(method, path)
    assert (status, body) == (422, {"detail": expected})


def test_a_title_that_postgresql_cannot_store_is_refused(api):
    status, body = api.post("/tasks/", title="a\0b", owner_id=1)
    assert status == 422 and body["detail"][0]["loc"] == ["query", "title"]


def test_invalid_utf8_becomes_the_replacement_character(api):
    owner = api.post("/users/", username=str(uuid.uuid4()))[1]["id"]
    status, _, task = api.call("POST", f"/tasks/?title=%ff%C3%A9&owner_id={owner}")
    assert status == 200 and task["title"] == "\ufffdé"


def test_what_has_no_route(api):
    assert api.get("/nothing") == (404, {"detail": "Not Found"})
    status, headers, body = api.call("DELETE", "/users/1")
    assert (status, body, headers["Allow"]) == (405, {"detail": "Method Not Allowed"}, "GET")
    status, headers, _ = api.call("GET", "/tasks?skip=1")
    assert (status, headers["Location"]) == (307, "/tasks/?skip=1")
    assert api.call("GET", "/metrics")[0] == 404, "metrics are not for the public"


def test_metrics_and_probes(api):
    api.get("/users/1")
    api.get("/no/such/path")
    for port in (api.port, api.metrics_port):
        assert api.get("/livez", port)[0] == 200
        assert api.get("/readyz", port)[0] == 200
    line = 'http_requests_total{method="%s",route="%s",code="%s"}'
    assert api.metric(line % ("POST", "/tasks/", "200")) == 0, "a series must exist before its first request"
    seen = sum(api.metric(line % ("GET", "/users/{user_id}", code)) for code in ("200", "404"))
    assert seen == 1
    assert api.metric(line % ("GET", "unmatched", "404")) == 1
    text = api.get("/metrics", api.metrics_port)[1]
    assert "livez" not in text
    assert 'http_request_duration_seconds_bucket{method="GET",route="/users/{user_id}",le="0.001"}' in text
    assert api.metric("process_resident_memory_bytes") > 1e6
    assert api.metric("http_requests_in_flight") == 0


def test_a_job_is_done_by_a_worker(api, todo):
    status, job = api.post("/jobs/", kind="sum_squares", n=1000)
    assert status == 202
    assert api.get(f"/jobs/{job['id']}")[1]["status"] == "queued"
    eventually(lambda: api.metric('queue_depth{queue="default"}') == 1)
    worker = todo("worker")
    eventually(lambda: api.get(f"/jobs/{job['id']}")[1]["status"] == "done")
    assert api.get(f"/jobs/{job['id']}")[1]["result"] == sum(i * i for i in range(1000))
    # Counted when Redis knows as well, a moment after the database.
    eventually(lambda: worker.metric('jobs_processed_total{kind="sum_squares",outcome="done"}') == 1)
    eventually(lambda: worker.metric('queue_depth{queue="default"}') == 0)
    assert worker.stop() == 0
    assert api.post("/jobs/", kind="unknown", n=1)[0] == 400
    assert api.get("/jobs/nothing")[0] == 404


def test_lists_asked_for_at_once_are_each_their_own(todo, postgres):
    api = todo(THREADS="1", REDIS_URL=None, STATEMENT_TIMEOUT="20")
    owners = [api.post("/users/", username=str(uuid.uuid4()))[1]["id"] for _ in range(5)]
    for owner in owners[1:]:   # the first has none
        postgres.sql(f"INSERT INTO tasks (title, owner_id) SELECT 'task ' || i, {owner} FROM generate_series(1, 30) i")
    whole = {owner: api.get(f"/tasks/{owner}")[1] for owner in owners}
    assert [len(whole[owner]) for owner in owners] == [0, 30, 30, 30, 30]
    pages = [(owner, skip, limit) for owner in owners for skip in (0, 7, 29, 31) for limit in (0, 1, 20, 100, 1000)]
    random.Random(3).shuffle(pages)

    def wrong(page):
        owner, skip, limit = page
        status, answer = api.get(f"/tasks/{owner}?skip={skip}&limit={limit}")
        return [] if (status, answer) == (200, whole[owner][skip:skip + limit]) else [page]
    with ThreadPoolExecutor(32) as clients:
        assert not [page for found in clients.map(wrong, pages * 5) for page in found]
        short = [page for page in pages if page[2] <= 100][:32]
        before = api.metric('todo_database_queries_total{role="read"}')
        with locked(postgres, "tasks"):   # so that all of them have been asked before one is answered
            asked = [clients.submit(wrong, page) for page in short]
            eventually(lambda: api.metric("http_requests_in_flight") == len(short))
        assert not [page for one in asked for page in one.result()]
    queries = api.metric('todo_database_queries_total{role="read"}') - before
    assert 1 <= queries <= 8, "32 lists asked for at once were not few queries"
