"""Routes: what wins, and that the tree finds what a plain search finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fogbank.gateway.routing import Routes

PARTS = st.sampled_from(["a", "b", "{x}", "{y}"])
PATHS = st.lists(PARTS, max_size=3).flatmap(
    lambda parts: st.sampled_from(["/" + "/".join(parts), "/" + "/".join([*parts, "{rest+}"])])
)


def matches(route: str, path: str) -> bool:
    wanted = [part for part in route.split("/") if part]
    given = [part for part in path.split("/") if part]
    for index, part in enumerate(wanted):
        if part.endswith("+}"):
            return len(given) > index
        if index >= len(given) or not (part.startswith("{") or part == given[index]):
            return False
    return len(wanted) == len(given)


@given(
    st.lists(st.tuples(PATHS, st.sampled_from(["GET", "POST", "ANY"])), max_size=8),
    st.lists(st.sampled_from(["a", "b", "c"]), max_size=4).map(lambda parts: "/" + "/".join(parts)),
    st.sampled_from(["GET", "POST", "PUT"]),
)
def test_something_is_found_exactly_when_something_matches(
    added: list[tuple[str, str]], path: str, method: str
) -> None:
    routes: Routes[tuple[str, str]] = Routes()
    for route, of in added:
        routes.add(route, of, (route, of))
    found = routes.find(path, method)
    expected = [(route, of) for route, of in added if of in (method, "ANY") and matches(route, path)]
    if not expected:
        assert found is None
    else:
        assert found is not None
        assert matches(found[0][0], path)
        assert found[0][1] in (method, "ANY")


def test_static_wins_over_parameter_over_greedy() -> None:
    routes: Routes[str] = Routes()
    for path in ("/{rest+}", "/{x}", "/a", "/{x}/b", "/a/{rest+}"):
        routes.add(path, "GET", path)
    assert routes.find("/a", "GET") == ("/a", {})
    assert routes.find("/z", "GET") == ("/{x}", {"x": "z"})
    assert routes.find("/a/b", "GET") == ("/a/{rest+}", {"rest": "b"})
    assert routes.find("/z/b/", "GET") == ("/{x}/b", {"x": "z"})
    assert routes.find("/z/c/d", "GET") == ("/{rest+}", {"rest": "z/c/d"})
    assert routes.find("/", "GET") is None
