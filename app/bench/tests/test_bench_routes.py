import pytest

from app.bench import routes

TASK = {"id": 3, "title": routes.TITLE, "completed": False, "owner_id": 7}
TWENTY = [{**TASK, "id": number} for number in range(1, 21)]


@pytest.mark.parametrize(("route", "answer"), [
    (routes.CACHED, {"id": 7, "data": "user 7", "source": "cache"}),
    (routes.DB, {"source": "db", "data": "user 7", "id": 7}),
    (routes.POST, TASK),
    (routes.LIST, TWENTY),
])
def test_right_answers_are_right(route, answer):
    assert route.problem(7, 200, answer) is None


@pytest.mark.parametrize(("route", "status", "answer"), [
    (routes.CACHED, 200, {"id": 7, "data": "user 7", "source": "db"}),    # it would measure the database
    (routes.DB, 200, {"id": 7, "data": "user 8", "source": "db"}),
    (routes.DB, 503, {"detail": "Service Unavailable"}),
    (routes.POST, 200, {**TASK, "owner_id": 8}),
    (routes.POST, 200, []),
    (routes.LIST, 200, TWENTY[:19]),                                      # less work than the others
    (routes.LIST, 200, TWENTY[::-1]),
    (routes.LIST, 200, [{"id": number, "owner_id": 7} for number in range(1, 21)]),
])
def test_a_service_that_answers_something_else_is_not_measured(route, status, answer):
    assert route.problem(7, status, answer)
