"""Who comes in and who does not: passwords, access tokens, rotating keys and refresh tokens."""

import base64
import concurrent.futures
import hashlib
import hmac
import http.client
import json
import time
import urllib.parse
import uuid

import pytest
from servers import eventually

PASSWORD = "correct horse"
# argon2id of it: with the cost of today, and with one that was good enough long ago.
HASH = "$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBieXRlcyBvaw$Oq6NUf8oUawuVWIqWRRrB80MYlKfkN6Nm4K6m5hBrTw"
OLD_HASH = "$argon2id$v=19$m=64,t=1,p=1$c2l4dGVlbiBieXRlcyBvaw$g5An9Y8NltcTUUs3dmw9S393oURtmXqz4bgAuoKH0sM"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
INCORRECT = {"detail": "Incorrect username or password"}


@pytest.fixture
def service(todo):
    # Limits have tests of their own; here they would count other tests' logins.
    return todo(RATE_LIMIT_TOKEN="off", RATE_LIMIT_TOKEN_USER="off")


@pytest.fixture
def user(service, postgres):
    name = f"zoë {uuid.uuid4()}"
    made = service.post("/users/", username=name)[1]
    postgres.sql(f"UPDATE users SET password_hash = '{HASH}' WHERE id = {made['id']}")
    return made


def form(api, path="/token", **fields):
    return api.call("POST", path, body=urllib.parse.urlencode(fields), headers=FORM)


def log_in(api, user, path="/token"):
    status, _, body = form(api, path, grant_type="password", username=user["username"], password=PASSWORD)
    assert status == 200, body
    return body


def me(api, token):
    return api.call("GET", "/users/me", headers={"Authorization": f"Bearer {token}"})


def refresh(api, token):
    return api.call("POST", "/v1/auth/refresh", body=json.dumps({"refresh_token": token}), headers=JSON)


def logout(api, token):
    return api.call("POST", "/v1/auth/logout", body=json.dumps({"refresh_token": token}), headers=JSON)[0]


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def signed(key: bytes, claims: dict, **header) -> str:
    """A token as any other program makes it."""
    text = ".".join(encoded(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "HS256", **header}, claims))
    return text + "." + encoded(hmac.new(key, text.encode(), hashlib.sha256).digest())


def header_of(token: str) -> dict:
    part = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_the_tutorials_login(service, user):
    answer = log_in(service, user)
    assert set(answer) == {"access_token", "token_type"} and answer["token_type"] == "bearer"
    status, _, body = me(service, answer["access_token"])
    assert (status, body) == (200, {"id": user["id"], "username": user["username"]})


@pytest.mark.parametrize("username,password", [(None, "wrong"), (None, PASSWORD + "\u00e9"), ("nobody", PASSWORD),
                                               (None, "x" * 5000)])
def test_what_is_wrong_gets_one_answer(service, user, username, password):
    status, headers, body = form(service, username=username or user["username"], password=password)
    assert (status, body, headers["WWW-Authenticate"]) == (401, INCORRECT, "Bearer")


def test_a_user_without_a_password_cannot_log_in(service):
    user = service.post("/users/", username=str(uuid.uuid4()))[1]
    for password in ("x", "None"):
        assert form(service, username=user["username"], password=password)[0] == 401


def missing(*names):
    return {"detail": [{"type": "missing", "loc": ["body", name], "msg": "Field required", "input": None} for name in names]}


@pytest.mark.parametrize("body,headers,expected", [
    ("", FORM, missing("username", "password")),
    ("username=x", FORM, missing("password")),
    ("username=&password=", FORM, missing("username", "password")),
    (None, {}, missing("username", "password")),
    ("username=x&password=y&grant_type=code", FORM, {"detail": [{
        "type": "string_pattern_mismatch", "loc": ["body", "grant_type"], "msg": "String should match pattern 'password'",
        "input": None, "ctx": {"pattern": "password"}}]}),
])
def test_an_incomplete_form_is_fastapis_422(service, body, headers, expected):
    status, _, answer = service.call("POST", "/token", body=body, headers=headers)
    assert (status, answer) == (422, expected)


def test_a_form_that_is_not_utf8_is_refused(service):
    """Else all passwords with such bytes in one place would be the same password."""
    status, _, body = service.call("POST", "/token", body="username=x&password=%ff", headers=FORM)
    assert status == 400 and "UTF-8" in body["detail"]


@pytest.mark.parametrize("header,detail", [
    (None, "Not authenticated"), ("Basic eDp5", "Not authenticated"), ("", "Not authenticated"),
    ("Bearer", "Could not validate credentials"), ("Bearer x.y.z", "Could not validate credentials"),
    ("Bearer " + "a" * 5000, "Could not validate credentials"),
])
def test_without_a_valid_token_nobody_is_anybody(service, header, detail):
    status, headers, body = service.call("GET", "/users/me", headers={"Authorization": header} if header is not None else {})
    assert (status, body, headers["WWW-Authenticate"]) == (401, {"detail": detail}, "Bearer")


def test_a_token_ends(todo, service, user):
    short = todo(ACCESS_TOKEN_SECONDS="1", JWT_KEY_FILE=None, RATE_LIMIT_TOKEN="off")
    token = log_in(short, user)["access_token"]
    assert me(short, token)[0] == 200
    assert me(service, token)[0] == 401, "without a key file each process has a key of its own"
    assert "JWT_KEY_FILE is not set" in short.output(), "nobody learns why replicas refuse each other's tokens"


def test_a_deleted_users_token_is_not_valid(service, user, postgres):
    token = log_in(service, user)["access_token"]
    postgres.sql(f"DELETE FROM users WHERE id = {user['id']}")
    assert me(service, token)[2] == {"detail": "Could not validate credentials"}


def test_tokens_of_other_programs_with_the_key_are_good_if_they_claim_all(todo, user, tmp_path):
    key = b"k" * 40
    (tmp_path / "jwt-key").write_bytes(key)
    api = todo(JWT_KEY_FILE=str(tmp_path / "jwt-key"))
    now = int(time.time())
    good = {"iss": "todo", "aud": "todo-api", "sub": str(user["id"]), "exp": now + 60, "iat": now}
    assert me(api, signed(key, good))[0] == 200
    assert me(api, signed(key, good, kid="default"))[0] == 200
    for bad in (signed(b"x" * 40, good), signed(key, good, alg="none"), signed(key, good, kid="other"),
                signed(key, {**good, "exp": now - 60}), signed(key, {**good, "aud": "other"}),
                signed(key, {**good, "iss": "other"}), signed(key, {**good, "nbf": now + 60}),
                signed(key, {key: value for key, value in good.items() if key != "exp"}),
                signed(key, good).rsplit(".", 1)[0] + "."):
        assert me(api, bad)[2] == {"detail": "Could not validate credentials"}


def put(path, text):
    """At once, as Kubernetes does: who looks meanwhile sees the file of before, and not half of this one."""
    fresh = path.parent.parent / f"{uuid.uuid4()}"
    fresh.write_text(text)
    fresh.rename(path)


def test_keys_rotate_without_a_restart_and_a_broken_one_changes_nothing(todo, user, tmp_path):
    (tmp_path / "k1").write_text("1" * 32)
    api = todo(JWT_KEY_FILE=str(tmp_path), RATE_LIMIT_TOKEN="off", RATE_LIMIT_TOKEN_USER="off")
    loads = "todo_jwt_key_loads_total"
    first = log_in(api, user)["access_token"]
    assert header_of(first) == {"alg": "HS256", "kid": "k1", "typ": "JWT"}
    assert api.metric(loads) == 1

    put(tmp_path / "current", "k1\n")
    put(tmp_path / "k2", "2" * 32 + "\n")
    eventually(lambda: api.metric(loads) == 2)
    assert header_of(log_in(api, user)["access_token"])["kid"] == "k1", "k2 signs before every replica may have it"

    put(tmp_path / "k2", "short")
    eventually(lambda: api.metric("todo_jwt_key_failures_total") == 1)
    assert me(api, first)[0] == 200
    assert "k2: a key of 5 bytes is too short" in api.output() and "1" * 32 not in api.output()

    put(tmp_path / "k2", "2" * 32)
    put(tmp_path / "current", "k2")
    second = eventually(lambda: [token for token in [log_in(api, user)["access_token"]]
                                 if header_of(token)["kid"] == "k2"])[0]
    assert me(api, first)[0] == 200 and me(api, second)[0] == 200

    (tmp_path / "k1").unlink()
    eventually(lambda: me(api, first)[0] == 401)
    assert me(api, second)[0] == 200


def test_refresh_tokens_rotate_and_reuse_ends_the_session(service, user, postgres):
    pair = log_in(service, user, "/v1/auth/token")
    assert set(pair) == {"access_token", "token_type", "expires_in", "refresh_token"} and pair["expires_in"] == 900
    assert me(service, pair["access_token"])[0] == 200
    status, headers, second = refresh(service, pair["refresh_token"])
    assert status == 200 and headers["Cache-Control"] == "no-store"
    assert second["refresh_token"] != pair["refresh_token"] and me(service, second["access_token"])[0] == 200
    third = refresh(service, second["refresh_token"])[2]

    other = log_in(service, user, "/v1/auth/token")  # another device: not its business
    status, headers, body = refresh(service, pair["refresh_token"])  # the thief, or the robbed
    assert status == 401 and headers["Content-Type"] == "application/problem+json"
    assert refresh(service, third["refresh_token"])[0] == 401, "the stolen session goes on"
    assert refresh(service, other["refresh_token"])[0] == 200
    assert service.metric('todo_sessions_total{event="reused"}') == 1

    stored = postgres.sql(f"SELECT string_agg(token::text, '') FROM refresh_tokens AS token WHERE user_id = {user['id']}")
    for token in (pair, second, third, other):
        secret = base64.urlsafe_b64decode(token["refresh_token"])[16:]
        assert secret.hex() not in stored, "who reads the database can take sessions over"
        assert token["refresh_token"] not in service.output()


def test_of_two_refreshes_at_once_one_succeeds_at_most_and_reuse_is_seen(service, user):
    for _ in range(5):
        token = log_in(service, user, "/v1/auth/token")["refresh_token"]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: refresh(service, token), range(8)))
        won = [body for status, _, body in answers if status == 200]
        assert len(won) == 1 and {status for status, *_ in answers} == {200, 401}
        assert refresh(service, won[0]["refresh_token"])[0] == 401


def test_logout_ends_the_session_and_never_fails(service, user):
    token = log_in(service, user, "/v1/auth/token")["refresh_token"]
    assert logout(service, token) == 204
    assert refresh(service, token)[0] == 401
    for unknown in (token, "nonsense", encoded(b"x" * 48)):
        assert logout(service, unknown) == 204
        assert refresh(service, unknown)[0] == 401


def test_a_session_has_an_end(todo, user, postgres):
    api = todo(REFRESH_TOKEN_SECONDS="1", RATE_LIMIT_TOKEN="off")
    token = log_in(api, user, "/v1/auth/token")["refresh_token"]
    # By its own clock, which is the database's: to refresh it until it fails would begin its time anew.
    eventually(lambda: postgres.sql(f"SELECT expires_at < now() FROM refresh_tokens WHERE user_id = {user['id']}") == "t")
    assert refresh(api, token)[0] == 401
    log_in(api, user, "/v1/auth/token")
    assert postgres.sql(f"SELECT count(*) FROM refresh_tokens WHERE user_id = {user['id']}") == "1", "expired ones pile up"


def test_an_unknown_user_costs_the_work_of_a_wrong_password(service, user):
    """Else the time of an answer tells who has an account."""
    hashes = "todo_password_hashes_total"
    for name in (user["username"], "nobody", service.post("/users/", username=str(uuid.uuid4()))[1]["username"]):
        before = service.metric(hashes)
        assert form(service, username=name, password="wrong")[0] == 401
        assert service.metric(hashes) == before + 1


def test_a_password_hashed_at_a_lower_cost_is_stored_anew(service, user, postgres):
    stored = f"SELECT password_hash FROM users WHERE id = {user['id']}"
    postgres.sql(f"UPDATE users SET password_hash = '{OLD_HASH}' WHERE id = {user['id']}")
    assert form(service, username=user["username"], password="wrong")[0] == 401
    assert postgres.sql(stored) == OLD_HASH
    log_in(service, user)
    fresh = postgres.sql(stored)
    assert fresh.startswith("$argon2id$v=19$m=19456,t=2,p=1$") and fresh != HASH
    log_in(service, user)
    assert postgres.sql(stored) == fresh and service.metric("todo_password_rehashed_total") == 1


def test_too_many_logins_at_once_are_told_to_come_back_and_hold_nobody_up(todo, user, postgres):
    """With a hash of the highest cost, so that on any machine many requests fit into the time of one."""
    service = todo(THREADS="1", PASSWORD_THREADS="1")
    costly = HASH.replace("t=2", "t=64")
    postgres.sql(f"UPDATE users SET password_hash = '{costly}' WHERE id = {user['id']}")
    hashes = "todo_password_hashes_total"
    with concurrent.futures.ThreadPoolExecutor(60) as pool:
        logins = [pool.submit(form, service, username=user["username"], password="wrong") for _ in range(60)]
        eventually(lambda: service.metric("todo_password_queue_length") > 0)
        asked, held_up = 0, 0
        while not all(login.done() for login in logins):
            before = service.metric(hashes)
            assert service.get("/")[0] == 200
            asked, held_up = asked + 1, held_up + (service.metric(hashes) > before)
        answers = [login.result() for login in logins]
    statuses = [status for status, *_ in answers]
    assert set(statuses) == {401, 503}
    # Some turns come after the deadline: told as well, and not hashed.
    turned_away = sum(service.metric(f'todo_password_refused_total{{reason="{why}"}}') for why in ("queue_full", "late"))
    assert turned_away == statuses.count(503) and service.metric(hashes) == statuses.count(401)
    assert all(headers["Retry-After"] for status, headers, _ in answers if status == 503)
    # On the event loop a hash would come to its end before whatever is asked meanwhile.
    assert held_up < asked / 2, f"{held_up} of {asked} requests waited for a hash"
    memory = service.metric("process_resident_memory_bytes")
    assert memory < 40e6, f"{memory / 1e6:.0f} MB are kept after the logins"


def test_neither_passwords_nor_tokens_reach_the_log(service, user):
    pair = log_in(service, user, "/v1/auth/token")
    form(service, username=user["username"], password="a wrong password")
    refresh(service, pair["refresh_token"])
    refresh(service, pair["refresh_token"])
    log = service.output()
    for secret in (PASSWORD, "a wrong password", pair["access_token"], pair["refresh_token"], HASH):
        assert secret not in log


def test_a_full_connection_of_a_login_survives_keep_alive(service, user):
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    for _ in range(2):
        connection.request("POST", "/token", urllib.parse.urlencode({"username": user["username"], "password": PASSWORD}), FORM)
        answer = connection.getresponse()
        assert answer.status == 200 and json.loads(answer.read())
    connection.close()


def change_password(api, token, current, new):
    return api.call("POST", "/v1/auth/password", body=json.dumps({"current_password": current, "new_password": new}),
                    headers={**JSON, "Authorization": f"Bearer {token}"})


def test_a_new_password_ends_all_sessions(service, user):
    mine = log_in(service, user, "/v1/auth/token")
    thief = log_in(service, user, "/v1/auth/token")
    assert change_password(service, mine["access_token"], PASSWORD, "battery staple")[0] == 204
    assert form(service, username=user["username"], password=PASSWORD)[0] == 401
    assert form(service, username=user["username"], password="battery staple")[0] == 200
    for session in (mine, thief):
        assert refresh(service, session["refresh_token"])[0] == 401


def test_a_password_is_changed_by_who_knows_it(service, user):
    tokens = log_in(service, user, "/v1/auth/token")
    status, headers, body = change_password(service, tokens["access_token"], "wrong horse", "battery staple")
    assert status == 403 and headers["Content-Type"] == "application/problem+json"
    assert "battery" not in json.dumps(body) and "wrong horse" not in json.dumps(body)
    assert change_password(service, tokens["access_token"], PASSWORD, "short")[0] == 422
    assert change_password(service, "no.such.token", PASSWORD, "battery staple")[0] == 401
    assert form(service, username=user["username"], password=PASSWORD)[0] == 200
    assert refresh(service, tokens["refresh_token"])[0] == 200, "nothing has changed, so the session goes on"


def test_of_two_changes_at_once_one_counts(service, user):
    token = log_in(service, user)["access_token"]
    new = ["battery staple", "horse battery"]
    with concurrent.futures.ThreadPoolExecutor(2) as both:
        codes = list(both.map(lambda password: change_password(service, token, PASSWORD, password)[0], new))
    assert codes.count(204) == 1 and set(codes) <= {204, 403, 409}, codes
    assert form(service, username=user["username"], password=new[codes.index(204)])[0] == 200


def test_a_stolen_token_cannot_guess_the_password(todo, user):
    api = todo(RATE_LIMIT_TOKEN="off", RATE_LIMIT_TOKEN_USER="2/minute")
    token = log_in(api, user)["access_token"]
    codes = [change_password(api, token, f"guess {i}", "battery staple")[0] for i in range(3)]
    assert codes == [403, 403, 429]
