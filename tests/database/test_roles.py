import pytest

from todoctl.database import roles


@pytest.mark.parametrize(
    ("able", "current", "turn"),
    [
        pytest.param(["todo"], "todo", "todo_a", id="the first rotation"),
        pytest.param(["todo_a"], "todo_a", "todo_b", id="the second"),
        pytest.param(["todo_b"], "todo_b", "todo_a", id="the third"),
        pytest.param(["todo", "todo_a"], "todo", "todo_b", id="killed before the Secret had the new role"),
        pytest.param(["todo", "todo_a"], "todo_a", "todo_b", id="killed after that"),
        pytest.param(["todo", "todo_a", "todo_b"], "todo_b", "todo_a", id="killed twice"),
        pytest.param(["todo", "todo_a", "todo_b"], "todo_a", "todo_b", id="killed twice, the other way round"),
        pytest.param(["todo_a"], None, "todo_b", id="the URL was lost"),
        pytest.param([], None, "todo_a", id="nobody can sign in"),
    ],
)
def test_the_next_role_is_never_the_one_that_pods_may_use(able, current, turn):
    assert roles.next_turn(able, current) == turn


@pytest.mark.parametrize(
    ("able", "current", "none"),
    [
        pytest.param(["todo_a", "todo_b"], "todo_b", True, id="killed after the Secret had the new role"),
        pytest.param(["todo_a", "todo_b"], "todo_a", True, id="killed before that"),
        pytest.param(["todo", "todo_a", "todo_b"], "todo_b", True, id="killed twice"),
        pytest.param(["todo", "todo_a", "todo_b"], "todo", True, id="killed twice before the Secret had a new role"),
        pytest.param(["todo_a", "todo_b"], "todo", False, id="the role that the Secret has is shut out"),
        pytest.param(["todo", "todo_a"], "todo_a", False, id="the first rotation was killed"),
        pytest.param(["todo_b"], "todo_b", False, id="none was killed"),
    ],
)
def test_where_a_rotation_was_killed_pods_may_use_either_role_that_takes_turns(able, current, none):
    assert roles.none_free(able, current) is none


def test_the_roles_that_lose_their_right_are_all_the_others():
    sql = roles.dismiss_all_but("todo_a")
    assert "('todo', 'todo_b')" in sql
    assert "todo_a" not in sql
    assert "postgres" not in sql


def test_a_password_cannot_end_its_literal():
    sql = roles.admit("todo_b", "it's", "'; DROP ROLE todo; --")
    assert "ALTER ROLE todo_b LOGIN PASSWORD 'it''s';" in sql
    assert "ALTER ROLE postgres PASSWORD '''; DROP ROLE todo; --';" in sql
