from hypothesis import given
from hypothesis import strategies as st

from cybersieve import folders

PATHS = st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=5).map(
    lambda parts: "/".join(parts) + ".json"), unique=True, max_size=60)


def test_few_sources_have_rows_of_their_own():
    sources = [f"a/{n}.json" for n in range(200)]
    assert folders.rows(sources) == {source: source for source in sources}
    assert folders.rows([]) == {}


def test_many_in_one_folder_are_one_row_and_the_others_stay():
    sources = ["nvd.json", "a/one.json", *[f"a/b/{n}.json" for n in range(7)]]
    assert set(folders.rows(sources, 5).values()) == {"nvd.json", "a/one.json", "a/b/"}
    assert set(folders.rows([f"{n}.json" for n in range(7)], 5).values()) == {"./"}
    assert set(folders.rows(["b/one.json", *[f"a/{n}.json" for n in range(7)]], 5).values()) == {"a/", "b/one.json"}


def test_folders_are_told_apart_as_long_as_they_are_few():
    cves = [f"cves/{year}/{n // 10}xxx/CVE-{n}.json" for year in range(2001, 2005) for n in range(70)]
    assert set(folders.rows(cves, 30).values()) == {f"cves/{y}/{n}xxx/" for y in range(2001, 2005) for n in range(7)}
    assert set(folders.rows(cves, 6).values()) == {f"cves/{year}/" for year in range(2001, 2005)}
    assert set(folders.rows(cves, 3).values()) == {"cves/"}
    assert folders.rows(["x.json", *cves], 5)["x.json"] == "x.json"


@given(PATHS, st.integers(1, 12))
def test_any_paths(sources, many):
    rows = folders.rows(sources, many)
    assert set(rows) == set(sources)
    assert all(row in (source, "./") or (row.endswith("/") and source.startswith(row)) for source, row in rows.items())
    assert len(set(rows.values())) <= many  # the input folder is one, too
