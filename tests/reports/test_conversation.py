"""The conversation up to a step, as a YAML suite file would say it."""

from reports.records import make_reply, make_step

from pytest_kore_convtest.reports.conversation import write_conversation


def test_one_reply_none_and_many():
    """What is left out is counted."""
    steps = [
        make_step(1, "hello"),
        make_step(2, "hush", replies=[make_reply(actual=None)]),
        make_step(3, "more", "failed", replies=[make_reply(actual=f"reply {at}") for at in range(40)]),
    ]
    lines = write_conversation(steps, 2, longest=100).splitlines()
    assert lines[:4] == ["- user: hello", "  bot: Hi!", "- user: hush", "  # no reply of the bot"]
    assert lines[4].startswith("- user: more # step 03 ")
    shown = [line for line in lines if line.startswith("    - ")]
    assert shown[0] == "    - reply 0"
    assert lines[-1] == f"    # {40 - len(shown)} more"
