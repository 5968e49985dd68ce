"""/v1 as its clients know it: resources with versions, pages, keys, and problems that say what is wrong."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from servers import eventually
from v1_client import Answer, Client, token_of

TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"


@pytest.fixture
def me(api):
    return Client(api)


@pytest.fixture
def other(api):
    return Client(api)


def test_a_task_lives(me):
    import re
    made = me.task("buy milk")
    task = made.body
    assert task == {"id": task["id"], "title": "buy milk", "completed": False, "owner_id": me.user["id"], "version": 1,
                    "created_at": task["created_at"], "updated_at": task["created_at"]}
    assert re.match(TIME, task["created_at"])
    path = made.headers["location"]
    assert path == f"/v1/tasks/{task['id']}"
    read = me.ask("GET", path).check(200)
    assert read.body == task and read.headers["etag"] == made.headers["etag"]
    assert read.headers["cache-control"] == "private, no-cache" and read.headers["vary"] == "Authorization"
    changed = me.ask("PATCH", path, {"completed": True}).check(200).body
    assert (changed["title"], changed["completed"], changed["version"]) == ("buy milk", True, 2)
    assert changed["updated_at"] > task["created_at"] == changed["created_at"]
    renamed = me.ask("PATCH", path, {"title": "ünï \"x\"\n😀"}).check(200).body
    assert (renamed["title"], renamed["completed"]) == ("ünï \"x\"\n😀", True)
    gone = me.ask("DELETE", path).check(204)
    assert gone.body == ""
    assert me.ask("GET", path).check(404).body["detail"] == "Task not found"
    me.ask("DELETE", path).check(404)
    me.ask("PATCH", path, {}).check(404)


def test_somebody_elses_task_does_not_exist(me, other):
    path = other.task().headers["location"]
    etag = other.ask("GET", path).headers["etag"]
    me.ask("GET", path).check(404)
    me.ask("GET", path, If_None_Match=etag).check(404)
    me.ask("PATCH", path, {"title": "mine"}, If_Match=etag).check(404)
    me.ask("DELETE", path).check(404)
    assert me.all() == []
    assert other.all() == ["milk"]


def test_a_user_is_seen_and_changed_by_themselves_only(api, me, other):
    path = f"/v1/users/{me.user['id']}"
    assert me.ask("GET", "/v1/users/me").check(200).body == me.user
    assert me.ask("GET", path).check(200).body == me.user
    for method, body in (("GET", None), ("PATCH", {"username": "x"}), ("DELETE", None)):
        other.ask(method, path, body).check(404)
    me.ask("PATCH", path, {"username": other.name}).check(409)
    api.get(f"/users/{me.user['id']}")
    name = f"new-{uuid.uuid4()}"
    changed = me.ask("PATCH", path, {"username": name}).check(200).body
    assert (changed["username"], changed["version"]) == (name, 2)
    assert api.get(f"/users/{me.user['id']}")[1]["data"] == name, "the cache must not show the old name for 300 s"
    me.task()
    me.ask("DELETE", path, If_Match='"1-1"').check(412)
    me.ask("DELETE", path).check(204)
    assert api.get(f"/users/{me.user['id']}")[0] == 404, "nor a user who is gone"
    assert api.get(f"/tasks/{me.user['id']}") == (200, [])
    me.ask("GET", "/v1/users/me").check(401)
    me.ask("POST", "/v1/tasks", {"title": "x"}).check(401)


def test_registration(api, me):
    def register(**body):
        return me.ask("POST", "/v1/users", body)

    register(username=me.name, password="long enough").check(409)
    assert register(username="", password="short").check(422).codes == [
        ("body", "/username", "string_too_short"), ("body", "/password", "string_too_short")]
    assert "hunter2" not in json.dumps(register(username="x" * 256, password="hunter2").check(422).body)
    assert register(username="a\0b", password="long enough").check(422).codes == [("body", "/username", "value_error")]


def test_head_is_get_without_the_body(me):
    task = me.task("milk")
    path = f"/v1/tasks/{task.body['id']}"
    head, get = me.ask("HEAD", path).check(200), me.ask("GET", path).check(200)
    assert not head.body
    for name in ("etag", "content-length", "content-type", "cache-control"):
        assert head.headers[name] == get.headers[name]
    assert me.ask("HEAD", path, If_None_Match=get.headers["etag"]).status == 304
    assert me.ask("HEAD", "/v1/tasks/999999999").status == 404
    assert me.ask("HEAD", "/v1/tasks:bulk").status == 405


def test_without_a_token_everything_is_401(api):
    for method, path in (("GET", "/v1/tasks"), ("POST", "/v1/tasks"), ("POST", "/v1/tasks:bulk"), ("GET", "/v1/tasks/1"),
                         ("PATCH", "/v1/tasks/1"), ("DELETE", "/v1/tasks/1"), ("GET", "/v1/users/me"),
                         ("GET", "/v1/users/1"), ("PATCH", "/v1/users/1"), ("DELETE", "/v1/users/1")):
        for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eDp5"}):
            answer = Answer(*api.call(method, path, headers=headers)).check(401)
            assert answer.headers["www-authenticate"].startswith("Bearer"), (method, path)


def test_an_unchanged_answer_is_not_sent_again(me):
    for path in (me.task().headers["location"], "/v1/tasks", "/v1/users/me", f"/v1/users/{me.user['id']}"):
        etag = me.ask("GET", path).check(200).headers["etag"]
        assert etag.startswith('"')
        for condition in (etag, f'"x", {etag}', f"W/{etag}", "*"):
            same = me.ask("GET", path, If_None_Match=condition).check(304)
            assert same.headers["etag"] == etag and same.body == ""
        me.ask("GET", path, If_None_Match='"x"').check(200)
    etag = me.ask("GET", "/v1/tasks").headers["etag"]
    me.task()
    assert me.ask("GET", "/v1/tasks", If_None_Match=etag).check(200).headers["etag"] != etag


def test_a_change_that_was_not_seen_is_not_overwritten(me):
    path = me.task().headers["location"]
    first = me.ask("GET", path).headers["etag"]
    second = me.ask("PATCH", path, {"title": "by another"}, If_Match=first).check(200).headers["etag"]
    for stale in (first, f"W/{second}", '"nonsense"', "nonsense"):
        me.ask("PATCH", path, {"title": "lost update"}, If_Match=stale).check(412)
        me.ask("DELETE", path, If_Match=stale).check(412)
    assert me.ask("GET", path).body["title"] == "by another"
    me.ask("PATCH", path, {}, If_Match=f'{first}, {second}').check(200)
    me.ask("DELETE", path, If_Match="*").check(204)


def test_of_many_at_once_with_one_etag_one_wins(me):
    path = me.task().headers["location"]
    etag = me.ask("GET", path).headers["etag"]
    with ThreadPoolExecutor(16) as many:
        answers = list(many.map(lambda n: me.ask("PATCH", path, {"title": f"n{n}"}, If_Match=etag).status, range(16)))
    assert sorted(answers) == [200] + [412] * 15
    assert me.ask("GET", path).body["version"] == 2


def test_pages_show_each_task_once(me):
    me.ask("POST", "/v1/tasks:bulk", {"tasks": [
        {"title": f"{'a' if n % 2 else 'b'}{n:03}", "completed": n % 3 == 0} for n in range(25)]}).check(201)
    every = [f"{'a' if n % 2 else 'b'}{n:03}" for n in range(25)]
    for limit in (1, 5, 24, 25, 26, 500):
        assert me.all(f"limit={limit}") == every
    assert me.all() == every
    assert me.all("limit=3&completed=true") == every[::3]
    assert sorted(me.all("limit=3&completed=false") + every[::3]) == sorted(every)
    assert me.all("limit=3&q=a") == every[1::2]
    assert me.all("q=a00&completed=true") == ["a003", "a009"]
    assert me.all("q=%25") == [], "no wildcard"
    page = me.ask("GET", "/v1/tasks?limit=5").body
    me.ask("DELETE", f"/v1/tasks/{page['items'][4]['id']}").check(204)
    rest = me.ask("GET", f"/v1/tasks?limit=500&cursor={page['next_cursor']}").check(200).body
    assert [task["title"] for task in rest["items"]] == every[5:], "what is deleted does not move a page"
    assert rest["next_cursor"] is None


def test_a_cursor_of_another_list_is_refused(me, other):
    me.ask("POST", "/v1/tasks:bulk", {"tasks": [{"title": "x"}] * 3}).check(201)
    other.ask("POST", "/v1/tasks:bulk", {"tasks": [{"title": "x"}] * 3}).check(201)
    cursor = me.ask("GET", "/v1/tasks?limit=1").body["next_cursor"]
    for client, query in ((other, f"limit=1&cursor={cursor}"), (me, f"completed=true&cursor={cursor}"),
                          (me, f"q=x&cursor={cursor}"), (me, f"cursor={cursor}0"), (me, "cursor=1"), (me, "cursor="),
                          (me, f"cursor={'0' * 34}"), (me, f"cursor={cursor[:-1]}g"), (me, "cursor=%00"), (me, "cursor=%ff")):
        answer = client.ask("GET", f"/v1/tasks?{query}").check(422)
        assert answer.codes[0][:2] == ("query", "cursor")
    assert me.ask("GET", "/v1/tasks?limit=0&completed=maybe").check(422).codes == [
        ("query", "limit", "greater_than_equal"), ("query", "completed", "bool_parsing")]


def test_bulk_is_all_or_nothing_and_in_order(me):
    tasks = [{"title": f"t{n}", "completed": bool(n % 2)} for n in range(500)]
    made = me.ask("POST", "/v1/tasks:bulk", {"tasks": tasks}).check(201).body["items"]
    assert [{"title": task["title"], "completed": task["completed"]} for task in made] == tasks
    ids = [task["id"] for task in made]
    assert ids == sorted(set(ids))
    assert me.all("limit=500") == [task["title"] for task in tasks]
    tasks[499] = {"title": ""}
    assert me.ask("POST", "/v1/tasks:bulk", {"tasks": tasks}).check(422).codes == [
        ("body", "/tasks/499/title", "string_too_short")]
    assert me.ask("POST", "/v1/tasks:bulk", {"tasks": tasks + [{}]}).check(422).codes == [("body", "/tasks", "too_long")]
    assert me.ask("POST", "/v1/tasks:bulk", {"tasks": []}).check(422).codes == [("body", "/tasks", "too_short")]
    assert len(me.all("limit=500")) == 500


@pytest.mark.parametrize("path,body", [("/v1/tasks", {"title": "milk"}),
                                       ("/v1/tasks:bulk", {"tasks": [{"title": "a"}, {"title": "b\"\\"}]})])
def test_a_post_that_is_sent_again_is_answered_again(me, other, path, body):
    key = str(uuid.uuid4())
    first = me.ask("POST", path, body, Idempotency_Key=key).check(201)
    assert "idempotent-replayed" not in first.headers
    again = me.ask("POST", path, body, Idempotency_Key=key).check(201)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.body == first.body
    for header in ("location", "etag", "content-type"):
        assert again.headers.get(header) == first.headers.get(header)
    items = first.body.get("items", [first.body])
    assert [me.ask("GET", f"/v1/tasks/{item['id']}").check(200).body for item in items] == items
    assert len(me.all()) == len(items)
    assert me.ask("POST", path, json.dumps(body) + " ", Idempotency_Key=key).check(422).codes == [
        ("header", "Idempotency-Key", "reused")]
    other.ask("POST", path, body, Idempotency_Key=key).check(201)
    assert len(other.all()) == len(items), "keys belong to a user"
    assert me.ask("POST", path, body, Idempotency_Key="x" * 256).check(422).codes == [
        ("header", "Idempotency-Key", "string_too_long")]


def test_of_many_at_once_with_one_key_one_is_done(me):
    key = str(uuid.uuid4())
    with ThreadPoolExecutor(32) as many:
        answers = list(many.map(lambda _: me.ask("POST", "/v1/tasks", {"title": "once"}, Idempotency_Key=key), range(64)))
    assert {answer.status for answer in answers} <= {201, 409}
    assert len({answer.body["id"] for answer in answers if answer.status == 201}) == 1
    assert me.all() == ["once"]
    assert all(answer.headers["retry-after"] for answer in answers if answer.status == 409)


def test_a_key_that_another_request_has_in_hand_is_409(me, postgres):
    import subprocess
    with subprocess.Popen(["psql", "-XAtq", postgres.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as session:
        session.stdin.write("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('held', %d))::text || 'held';\n" % me.user["id"])
        session.stdin.flush()
        assert session.stdout.readline().strip() == "held"
        answer = me.ask("POST", "/v1/tasks", {"title": "x"}, Idempotency_Key="held").check(409)
        assert answer.headers["retry-after"] == "1"
        session.stdin.write("COMMIT;\n")
    me.ask("POST", "/v1/tasks", {"title": "x"}, Idempotency_Key="held").check(201)
    assert me.all() == ["x"]


def test_keys_are_forgotten_after_a_day(me, postgres):
    first = me.ask("POST", "/v1/tasks", {"title": "one"}, Idempotency_Key="day").check(201)
    me.ask("POST", "/v1/tasks", {"title": "x"}, Idempotency_Key="other").check(201)
    postgres.sql(f"UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE user_id = {me.user['id']}")
    second = me.ask("POST", "/v1/tasks", {"title": "two"}, Idempotency_Key="day").check(201)
    assert second.body["id"] != first.body["id"] and second.body["title"] == "two"
    assert me.ask("POST", "/v1/tasks", {"title": "two"}, Idempotency_Key="day").check(201).body == second.body
    me.task("z")
    me.ask("POST", "/v1/tasks", {"title": "x"}, Idempotency_Key="new").check(201)
    assert postgres.sql(f"SELECT string_agg(key, ',' ORDER BY key) FROM idempotency_keys WHERE user_id = {me.user['id']}") == "day,new"


@pytest.mark.parametrize("key", [None, "a key"])
def test_a_bulk_that_need_not_be_waited_for_is_done_once(me, todo, postgres, key):
    tasks = [{"title": f"t{n}", "completed": bool(n % 2)} for n in range(500)]
    headers = {"Prefer": "wait=5, respond-async", **({"Idempotency_Key": f"{key} {uuid.uuid4()}"} if key else {})}
    accepted = me.ask("POST", "/v1/tasks:bulk", {"tasks": tasks}, **headers).check(202)
    assert accepted.headers["location"] == accepted.body["status_url"] == f"/v1/jobs/{accepted.body['id']}"
    assert accepted.headers["preference-applied"] == "respond-async"
    assert me.all("limit=500") == []
    if key:
        again = me.ask("POST", "/v1/tasks:bulk", {"tasks": tasks}, **headers).check(202)
        assert (again.body, again.headers["idempotent-replayed"]) == (accepted.body, "true")
    me.ask("POST", "/v1/tasks:bulk", {"tasks": [{"title": ""}]}, **headers).check(422)
    todo("worker")
    eventually(lambda: me.all("limit=500") == [task["title"] for task in tasks])
    eventually(lambda: postgres.sql(f"SELECT state FROM jobs WHERE owner_id = {me.user['id']}") == "done")
    me.ask("POST", "/v1/tasks:bulk", {"tasks": tasks[:1]}, Prefer="respond-asynchronously").check(201)


@pytest.mark.parametrize("body,content_type,status", [
    ("", "application/json", 400), ("{", "application/json", 400), (b'{"title":"\xff"}', "application/json", 400),
    ("[" * 5000, "application/json", 400), ('{"title":' * 5000, "application/json", 400),
    ("[]", "application/json", 422), ("null", "application/json", 422), ('{"title":1}', "application/json", 422),
    ('{"title":"a","title":"b"}', "application/json", 422), ('{"title":"\\ud800"}', "application/json", 400),
    ("title=a", "application/x-www-form-urlencoded", 415), ('{"title":"a"}', None, 415),
    ('{"title":"' + "x" * (64 << 10) + '"}', "application/json", 413),
])
def test_bodies_that_are_no_task_are_refused_before_anything_is_done(me, body, content_type, status):
    headers = {"Content_Type": content_type} if content_type else {"Content_Type": ""}
    me.ask("POST", "/v1/tasks", body, **headers).check(status)
    assert me.all() == []


def test_what_has_no_route_is_a_problem_too(me):
    me.ask("GET", "/v1/nothing").check(404)
    me.ask("GET", "/v1/tasks/").check(404)
    assert me.ask("PUT", "/v1/tasks/1").check(405).headers["allow"] == "GET, HEAD, PATCH, DELETE"
    assert me.ask("GET", "/v1/tasks/abc").check(422).codes == [("path", "task_id", "int_parsing")]


def test_with_the_database_away_it_is_503_and_says_when_to_come_back(todo, postgres, me):
    api = todo(DATABASE_URL=postgres.url.replace("/postgres", "/nowhere"), ready=False)
    answer = Answer(*api.call("GET", "/v1/tasks", headers={"Authorization": f"Bearer {me.token}"})).check(503)
    assert answer.headers["retry-after"] == "1" and "nowhere" not in json.dumps(answer.body)
