from benchmarks.stacks import find_area, find_library, read_stacks, share_out

DECIDE = "decide (services/stitcher/decide.py:40)"
PUBLISH = "_send (shared/bus/kafka_producer.py:210)"
ENCODE = "_batched_op_msg_impl (pymongo/message.py:900)"
SETTLE = "_settle (shared/runtime/shell.py:200)"
STORE = "update (shared/store/mongo.py:120)"


def test_stacks_are_read_with_their_counts_and_other_lines_are_passed_by() -> None:
    text = f"{SETTLE};{DECIDE} 12\n{SETTLE} 3\nsomething else\n"
    assert list(read_stacks(text)) == [((SETTLE, DECIDE), 12), ((SETTLE,), 3)]


def test_the_innermost_frame_that_says_something_tells_what_a_sample_is_spent_on() -> None:
    assert find_area((SETTLE, DECIDE)) == "decide"
    assert find_area((SETTLE, PUBLISH, "append (aiokafka/record/x.py:1)")) == "publish"
    assert find_area((SETTLE, STORE)) == "store: our adapter"
    assert find_area(("run (asyncio/runners.py:118)",)) == "event loop and the rest"


def test_code_of_a_library_counts_for_it_and_ours_for_its_package() -> None:
    assert find_library((STORE, ENCODE)) == "pymongo"
    assert find_library((SETTLE, DECIDE)) == "services"
    assert find_library(("run (threading.py:975)",)) == "threading"


def test_cpu_is_shared_out_as_the_samples_are_and_none_is_lost() -> None:
    areas, libraries = share_out([((SETTLE, DECIDE), 3), ((SETTLE, STORE, ENCODE), 1)], cpu=8.0)
    assert areas == {"decide": 6.0, "store: driver": 2.0}
    assert libraries == {"services": 6.0, "pymongo": 2.0}
